// Phase 3 of a campaign: what failed is confirmed, shrunk and saved.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "campaign/board.h"
#include "campaign/campaign.h"
#include "campaign/search.h"

namespace attest::campaign {

struct FailuresPlan {
  const Options& options;
  const std::vector<Pair>& pairs;
  const Board& board;
  int jobs = 1;
  const std::map<std::size_t, Found>& failing;  ///< by pair
};

/// The pairs to shrink: per kernel at most `options.max_shrinks`, oracle.* before the other
/// properties, since it says most directly what is wrong.
std::vector<std::size_t> choose_shrinks(const FailuresPlan& plan);

/// Confirms every failing pair, shrinks the chosen ones and saves a case file for each, in the
/// order of pairs. After Ctrl-C the rest is saved as it was drawn. A file that cannot be written is
/// noted in its failure.
std::vector<Failure> file_failures(const FailuresPlan& plan, const std::function<void()>& on_tick);

/// Case k of a pair as the campaign drew it, with a note that says so.
problem::Case draw_found(const Options& options, const Pair& pair, std::uint64_t k);

/// Writes a case file <folder>/<case_name>.case.json, making the folder, and returns its path.
/// Throws: SystemError.
std::filesystem::path save_failure(const problem::Case& value, const std::filesystem::path& folder);

}  // namespace attest::campaign
