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
/// that is reported does not depend on the number of lanes.
void search_lane(const SearchPlan& plan, const Channel& channel);

/// A message of search_lane.
struct Found {
  std::size_t pair = 0;
  std::uint64_t k = 0;
  problem::Verdict verdict;
};
Found parse_found(std::string_view message);

}  // namespace attest::campaign
