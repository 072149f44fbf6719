// One lane of the report card: bugs one after the other.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "campaign/board.h"
#include "campaign/campaign.h"
#include "campaign/card.h"
#include "campaign/crew.h"

namespace attest::campaign {

struct MutantPlan {
  const Options& options;
  const Card& card;  ///< with the bugs and their pairs, nothing run yet
  const Board& board;
  std::vector<std::size_t> first_pair;  ///< of each bug, on the board
  /// Which bug is taken when: those with most properties first, so that no lane ends long after the
  /// others.
  std::vector<std::size_t> order;
  int jobs = 1;
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

/// Takes bugs from the board until none is left and sends a message for each that it began.
void mutant_lane(const MutantPlan& plan, const Channel& channel);

/// Enters a message of mutant_lane into the card. Returns the index of its bug.
std::size_t enter_bug(std::string_view message, Card& card);

}  // namespace attest::campaign
