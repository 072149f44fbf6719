// Phase 3 of a campaign: what failed is confirmed, shrunk and saved.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
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
  const std::vector<Found>& failing;  ///< by pair, then k
  /// Of a run folder: where lanes keep what they have shrunk, and what earlier ones kept there.
  std::optional<std::filesystem::path> journals;
  std::vector<std::string> done;
};

/// Tags what this phase keeps in the journals.
inline constexpr char kShrunkTag = 'k';

/// Which of `failing` to shrink: per kernel at most `options.max_shrinks`; one of each class before
/// a second one, oracle.* before the other properties, since it says most directly what is wrong.
std::vector<std::size_t> choose_shrinks(const FailuresPlan& plan);

/// Confirms every failure, shrinks the chosen ones and saves a case file for each, in the order
/// given. After Ctrl-C the rest is saved as it was drawn. A file that cannot be written is noted in
/// its failure.
std::vector<Failure> file_failures(const FailuresPlan& plan, const std::function<void()>& on_tick);

/// What is known of a failure before phase 3 has looked at it.
Failure drawn_failure(const Options& options, const std::vector<Pair>& pairs, const Found& found,
                      const std::string& why_not_shrunk);

/// Where a case that fails with this verdict is kept: in the run folder by signature, else in the
/// folder of failures.
std::filesystem::path folder_of(const Options& options, const Pair& pair,
                                const problem::Verdict& verdict);

/// Case k of a pair as the campaign drew it, with a note that says so.
problem::Case draw_found(const Options& options, const Pair& pair, std::uint64_t k);

/// Where save_failure() puts a case: <folder>/<case_name>.case.json.
std::filesystem::path failure_path(const problem::Case& value, const std::filesystem::path& folder);

/// Writes a case file <folder>/<case_name>.case.json, making the folder, and returns its path.
/// Throws: SystemError.
std::filesystem::path save_failure(const problem::Case& value, const std::filesystem::path& folder);

}  // namespace attest::campaign
