// Pseudo-random valid cases that use everything a case can hold, as input for the shrinkers.
#pragma once

#include <cstdint>

#include "problem/case.h"

namespace attest::tests {

/// The case of a seed: up to 5 sequences of up to 80 keys, up to 16 heads of up to 40 lanes, most
/// features, paged storage, plan and poisons with a chance each. Always valid.
problem::Case random_case(std::uint64_t seed);

/// One sequence, head, lane, query and key, nothing else in use, and zeros in all of them.
problem::Case plain_case();

/// The case nothing can be taken from: plain_case() without its query and its key.
problem::Case smallest_case();

}  // namespace attest::tests
