// Phase 1 of a campaign: cases that are stored in files, on every selected kernel that serves them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/board.h"
#include "campaign/campaign.h"
#include "campaign/crew.h"
#include "problem/case.h"

namespace attest::campaign {

struct StoredCase {
  std::filesystem::path path;
  problem::Case value;
  const properties::Property* property = nullptr;
};

/// One stored case on one kernel.
struct StoredTask {
  std::size_t stored = 0;  ///< index of the case
  std::size_t kernel = 0;  ///< index into Options::kernels
};

/// Reads case files. Throws: CorpusError for a broken one, or one that names no known property.
std::vector<StoredCase> read_stored(const std::vector<std::filesystem::path>& paths);

/// The property a case file names. Throws: CorpusError when there is none of that id.
const properties::Property& property_of(const problem::Case& value, const std::string& path);

/// Rough number of multiplications of one attention call: what a check of the case costs grows so.
double work_of(const problem::Problem& problem);
/// All calls of a program together.
double work_of(const problem::Program& program);

/// Throws: CorpusError when a check of the case would need more memory or time than anyone has:
/// a well-formed file of a few lines can ask for 2^20 x 2^20 scores.
void refuse_enormous(const problem::Case& value, const std::string& path);

/// Whether it makes sense to try the case on the kernel; its own supports() is asked by the check.
bool may_serve(const kernels::KernelInfo& info, const StoredCase& stored);

/// Tasks of all selected kernels and properties, small cases first.
std::vector<StoredTask> make_stored_tasks(const Options& options,
                                          const std::vector<StoredCase>& stored);

struct StoredPlan {
  const Options& options;
  const std::vector<StoredCase>& stored;
  const std::vector<StoredTask>& tasks;
  const Board& board;
  std::optional<std::chrono::steady_clock::time_point> deadline;  ///< no task starts after it
  std::vector<bool> done;  ///< by task: it was run before the campaign was resumed
};

/// One lane: takes tasks from the board until there are no more. Every verdict is sent.
void stored_lane(const StoredPlan& plan, const Channel& channel);

struct StoredVerdict {
  std::size_t task = 0;
  problem::Verdict verdict;
};
StoredVerdict parse_stored_verdict(std::string_view message);

/// What became of every case, in the order of paths: its verdicts, or why it was not run.
std::vector<StoredResult> collect_stored(const StoredPlan& plan,
                                         const std::vector<StoredVerdict>& verdicts);

}  // namespace attest::campaign
