#include "campaign/run/run_folder.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/file.h>

#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "campaign/reports/reports.h"
#include "campaign/run/coverage_file.h"
#include "campaign/run/identity.h"
#include "campaign/run/make_record.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;

// Lanes hold the lock, too, and those of a supervisor that was killed die a moment after it.
constexpr auto kLockPatience = std::chrono::seconds(5);

/// A lock that goes away with this process and its lanes, however they end.
int lock(const fs::path& folder) {
  const fs::path path = folder / "lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw SystemError(fmt::format("{}: cannot write: {}", path_text(path), std::strerror(errno)));
  }
  const auto until = std::chrono::steady_clock::now() + kLockPatience;
  do {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    usleep(10'000);
  } while (std::chrono::steady_clock::now() < until);
  close(fd);
  throw UsageError(
      fmt::format("{}: another attest is writing this run", path_text(folder.parent_path())));
}

}  // namespace

RunFolder::RunFolder(const Options& options, const RunIdentity& identity, int jobs)
    : options_(options), folder_(*options.out), started_(utc_now()) {
  std::error_code error;
  const bool there = fs::exists(folder_ / "run.json", error);
  if (there && !options.resume) {
    throw UsageError(fmt::format("{}: there is a run in this folder; --resume it, or name another",
                                 path_text(folder_)));
  }
  if (!there && options.resume) {
    throw UsageError(fmt::format("{}: there is no run in this folder", path_text(folder_)));
  }
  if (there) {
    const RunRecord record = read_record(folder_);
    const std::string other = first_difference(record.identity, identity);
    if (!other.empty()) {
      throw UsageError(fmt::format("{}: cannot be resumed: what is here now differs in {}",
                                   path_text(folder_), other));
    }
    if (record.state == RunState::kDone) {
      fs::remove_all(state(), error);  // of a run that was killed at its very end
      throw UsageError(fmt::format("{}: this run is done", path_text(folder_)));
    }
    if (record.jobs != jobs) {
      throw UsageError(fmt::format("{}: this run has {}; it cannot go on with another number",
                                   path_text(folder_), plural(record.jobs, "lane")));
    }
    started_ = record.started;
  }
  fs::create_directories(state(), error);
  if (error) {
    throw SystemError(
        fmt::format("{}: cannot make this folder: {}", path_text(state()), error.message()));
  }
  lock_ = lock(state());
}

RunFolder::~RunFolder() { close(lock_); }

void RunFolder::save(const Report& report, RunState state) const {
  save_record(make_record(options_, report, state), folder_);
}

void RunFolder::remove_superseded(const Report& report) const {
  std::set<fs::path> named;
  for (const Failure& failure : report.failures) named.insert(failure.path);
  for (const SuspiciousCase& suspicious : report.suspicious) named.insert(suspicious.path);
  std::error_code error;
  if (!fs::is_directory(folder_ / kFailuresFolder, error)) return;
  for (const fs::path& path : corpus::list_cases(folder_ / kFailuresFolder)) {
    if (!named.contains(path)) fs::remove(path, error);
  }
  // Of signatures that are left without a case; FoundCases may have taken it. A folder that holds
  // something stays.
  std::vector<fs::path> signatures;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(folder_ / kFailuresFolder, error)) {
    if (entry.is_directory(error)) signatures.push_back(entry.path());
  }
  for (const fs::path& signature : signatures) fs::remove(signature, error);
}

void RunFolder::remove_drafts() const {
  std::error_code error;
  std::vector<fs::path> drafts;
  for (fs::recursive_directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with('.') && (name.ends_with(".tmp") || name.starts_with(".cases.jsonl."))) {
      drafts.push_back(it->path());
    }
  }
  for (const fs::path& draft : drafts) fs::remove(draft, error);
}

void RunFolder::finish(const Report& report, const CoverageMap& coverage) const {
  const RunState state = state_of(report);
  remove_superseded(report);
  remove_drafts();
  save_coverage(met_labels(coverage, options_.kernels), folder_);
  const RunRecord record = make_record(options_, report, state);
  write_reports(record, folder_);
  save_record(record, folder_);  // last: it says that the run is done
  if (state != RunState::kDone) return;
  std::error_code ignored;
  fs::remove_all(this->state(), ignored);
}

}  // namespace attest::campaign
