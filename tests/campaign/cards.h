// Report cards made by hand, and compared.
#pragma once

#include <string>

#include "campaign/card.h"

namespace attest::tests {

/// Two bugs, of which the first is killed by two families and the second survives, and three
/// properties, of which the last kills nothing. `name` is the first bug's.
campaign::Card small_card(const std::string& name = "planted/first");

/// Everything the card's files say, but for its times.
std::string without_times(campaign::Card card);

}  // namespace attest::tests
