#include "campaign/run/merge.h"

#include <algorithm>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "campaign/reports/reports.h"
#include "campaign/run/coverage_file.h"
#include "campaign/run/exit_code.h"
#include "campaign/run/merge_cases.h"
#include "campaign/run/merge_records.h"
#include "campaign/run/waivers.h"
#include "corpus/case_file.h"
#include "corpus/file_io.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw SystemError(fmt::format("cannot make {}: {}", path_text(path), error.message()));
}

/// A folder that is removed again unless it was kept.
class Draft {
 public:
  /// Beside `target`, so that the rename stays within one file system.
  explicit Draft(const fs::path& target) : target_(target) {
    path_ = target.parent_path() /
            fmt::format(".{}.merging.{}", target.filename().string(), ::getpid());
    make_folder(path_);
  }
  ~Draft() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const fs::path& path() const { return path_; }
  void keep() {
    std::error_code error;
    fs::rename(path_, target_, error);
    if (error)
      throw SystemError(fmt::format("cannot make {}: {}", path_text(target_), error.message()));
    path_.clear();
  }

 private:
  fs::path target_, path_;
};

fs::path new_folder(const fs::path& out) {
  fs::path target = fs::absolute(out).lexically_normal();
  if (target.filename().empty()) target = target.parent_path();  // a slash at the end
  std::error_code error;
  const fs::file_status status = fs::symlink_status(target, error);
  if (!fs::exists(status)) return target;
  if (!fs::is_directory(status) || !fs::is_empty(target, error)) {
    throw UsageError(
        fmt::format("--out: '{}' is there already: expected a new folder or an empty "
                    "one",
                    path_text(out)));
  }
  return target;
}

/// Copies a case file that a record names. The name is text from a file: it may lead nowhere but
/// into the folder.
void copy_case(const std::string& file, const fs::path& from, const fs::path& to) {
  if (file.empty()) return;
  const fs::path relative(file);
  const bool inside = relative.is_relative() && file.ends_with(corpus::kCaseSuffix) &&
                      std::none_of(relative.begin(), relative.end(), [](const fs::path& part) {
                        return part.empty() || part == "." || part == "..";
                      });
  if (!inside) {
    throw CorpusError(path_text(from / "run.json"),
                      fmt::format("'{}' is no case file of this folder", problem::printable(file)));
  }
  const std::string text = corpus::read_regular_file(from / relative, corpus::kMaxCaseBytes);
  corpus::parse_case(text, path_text(from / relative));
  make_folder((to / relative).parent_path());
  corpus::write_file_atomically(to / relative, text);
}

}  // namespace

MergeResult merge_runs(const MergeOptions& options) {
  const fs::path target = new_folder(options.out);
  std::vector<Waiver> waivers;
  if (options.waivers) waivers = read_waivers(*options.waivers);
  std::vector<NamedRecord> runs;
  for (const fs::path& run : options.runs) runs.push_back({path_text(run), read_record(run)});
  MergedRecords merged = merge_records(runs);
  RunRecord& record = merged.record;
  record.arguments = options.arguments;
  record.directory = fs::current_path().string();

  std::vector<MetLabels> met;
  for (const fs::path& run : options.runs) {
    std::error_code error;
    if (fs::exists(run / kCoverageFile, error)) merge_met(met, read_coverage(run));
  }
  const MetCounts counts = count_met(met);
  record.labels_seen = counts.labels;
  record.label_pairs_seen = counts.pairs;
  for (const NamedRecord& run : runs) {  // what can be met is the same in all of them
    record.labels = std::max(record.labels, run.record.labels);
    record.label_pairs = std::max(record.label_pairs, run.record.label_pairs);
  }
  if (options.waivers) apply_waivers(record, waivers, today());
  record.exit_code = exit_code_of(record);

  Draft draft(target);
  for (std::size_t i = 0; i < record.failures.size(); ++i) {
    copy_case(record.failures[i].file, options.runs[merged.failure_from[i]], draft.path());
  }
  for (std::size_t i = 0; i < record.suspicious.size(); ++i) {
    copy_case(record.suspicious[i].file, options.runs[merged.suspicion_from[i]], draft.path());
  }
  merge_cases(options.runs, record, draft.path() / kCasesFile);
  save_coverage(met, draft.path());
  save_record(record, draft.path());
  write_reports(record, draft.path());
  draft.keep();
  return {std::move(record), std::move(merged.notes)};
}

}  // namespace attest::campaign
