// The folder a campaign writes into while it goes (docs/run-folder.md): who may use it, where its
// parts lie, and what becomes of them at the end.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "campaign/board.h"
#include "campaign/campaign.h"
#include "campaign/case_log.h"
#include "campaign/coverage.h"
#include "campaign/run/record.h"

namespace attest::campaign {

inline constexpr const char* kFailuresFolder = "failures";

class RunFolder {
 public:
  /// Makes the folder of options.out, or opens it again with options.resume.
  /// Throws: UsageError when there is a run in it and none is to be resumed, when the run in it is
  ///         done, is of other options or of another attest, or is being written by a process that
  ///         lives; CorpusError for a broken run.json; SystemError when it cannot be written.
  RunFolder(const Options& options, const RunIdentity& identity, int jobs);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// When the run began, in whichever process. UTC.
  const std::string& started() const { return started_; }
  std::filesystem::path state() const { return folder_ / "state"; }
  std::filesystem::path board_file() const { return state() / "board"; }
  std::filesystem::path coverage_file() const { return state() / "coverage"; }

  /// run.json with what `report` says so far. Throws: SystemError.
  void save(const Report& report, RunState state) const;
  /// run.json, coverage.json and junit.xml, and case files of failures that `report` does not name
  /// go away. A run that is done needs its state no more. Throws: SystemError.
  void finish(const Report& report, const CoverageMap& coverage) const;

 private:
  void remove_superseded(const Report& report) const;
  /// Files that an earlier process of this run was writing when it was killed.
  void remove_drafts() const;

  const Options& options_;
  std::filesystem::path folder_;
  std::string started_;
  int lock_ = -1;
};

}  // namespace attest::campaign
