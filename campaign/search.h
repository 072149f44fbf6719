// Phase 2 of a campaign: draws cases and judges them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "campaign/board.h"
#include "campaign/campaign.h"
#include "campaign/case_log.h"
#include "campaign/crew.h"

namespace attest::campaign {

struct SearchPlan {
  const Options& options;
  const std::vector<Pair>& pairs;
  const Board& board;
  const CoverageMap& coverage;
  int jobs = 1;
  std::chrono::steady_clock::time_point start;  ///< of this phase
  std::optional<std::chrono::steady_clock::time_point> deadline;
  CaseLog* log = nullptr;
};

/// One lane's share: cases k = lane, lane + jobs, ... of every pair, pair after pair in slices of a
/// few milliseconds, until the budget is spent. Every failure and every suspicion is sent as a
/// message.
/// A pair stops at its first failure, but all smaller k are still run: without a deadline the case
/// that is reported does not depend on the number of lanes. With keep_going it does not stop.
/// Goes on where the board says that the lane is.
///
/// Under a deadline time goes where it is needed: a pair whose last slices met no label and no pair
/// of labels that is new to its kernel gets a quarter of a slice (docs/campaign.md).
void search_lane(const SearchPlan& plan, const Channel& channel);

/// A message of search_lane.
struct Found {
  std::size_t pair = 0;
  std::uint64_t k = 0;
  problem::Verdict verdict;
  std::int64_t seen = 1;           ///< failing cases like this one, set by the supervisor
  std::vector<Past> history = {};  ///< what the kernel object had seen before
};
Found parse_found(std::string_view message);

}  // namespace attest::campaign
