#include "campaign/replay.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "campaign/errors.h"
#include "campaign/path_text.h"
#include "campaign/select.h"
#include "campaign/sharpness.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"
#include "properties/program_run.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;

constexpr int kReplayRuns = 12;

/// What the file says should happen, beside what did.
std::string against_record(const problem::Case& value, const problem::Verdict& verdict) {
  if (!value.expected) return {};
  const std::string recorded = fmt::format("{}{}{}", problem::name_of(value.expected->status),
                                           value.expected->failure_class.empty() ? "" : ", ",
                                           problem::printable(value.expected->failure_class));
  const bool same_class = verdict.failure_class == value.expected->failure_class;
  const bool flaky_again = value.expected->status == problem::Status::kFlaky && verdict.failed();
  if (same_class && (verdict.status == value.expected->status || flaky_again)) {
    return "as recorded: " + recorded;
  }
  return "recorded: " + recorded;
}

std::string paragraph(const StoredCase& stored, const kernels::KernelInfo& kernel,
                      const problem::Verdict& verdict) {
  std::string text =
      fmt::format("{}  {}  {}  {}\n", verdict.failed() ? "FAIL" : problem::name_of(verdict.status),
                  problem::printable(kernel.name), stored.property->id, path_text(stored.path));
  const auto add = [&](std::string_view name, const std::string& what) {
    text += fmt::format("  {:<8} {}\n", name, what);
  };
  if (verdict.failed()) {
    add("claim", std::string(stored.property->claim));
    add("class", fmt::format("{}, {}{}", problem::name_of(verdict.status),
                             problem::printable(verdict.failure_class),
                             std::isfinite(verdict.severity)
                                 ? ", error/bound " + ratio_text(verdict.severity)
                                 : ""));
  }
  if (!verdict.message.empty()) add("message", problem::printable(verdict.message, 600));
  if (verdict.failed() && verdict.where) add("where", where_text(*verdict.where));
  const bool judged = verdict.failed() || verdict.status == problem::Status::kPass;
  const std::optional<double> sees = judged ? sharpness(stored.value, kernel) : std::nullopt;
  if (sees) add("sees", sharpness_text(*sees));
  if (verdict.suspicion) add("suspect", suspicion_text(*verdict.suspicion));
  if (!stored.value.history.empty()) add("needs", history_text(stored.value));
  const std::string record = against_record(stored.value, verdict);
  if (!record.empty()) add("file", record);
  return text;
}

struct ReplayTally {
  std::int64_t passed = 0, failed = 0, undecided = 0;
  std::int64_t not_run = 0;  ///< cases

  void count(const problem::Verdict& verdict) {
    if (verdict.failed()) {
      ++failed;
    } else if (verdict.status == problem::Status::kPass) {
      ++passed;
    } else {
      ++undecided;
    }
  }
  /// A case that no kernel serves is said, not counted against the others; alone it is nothing.
  int exit_code() const { return failed > 0 ? 1 : undecided > 0 || passed == 0 ? 2 : 0; }

  std::string text() const {
    const std::int64_t checks = passed + failed + undecided;
    if (checks + not_run < 2) return {};
    return fmt::format("{}: {} pass, {} fail, {} undecided; {} not run\n", plural(checks, "check"),
                       grouped(passed), grouped(failed), grouped(undecided),
                       plural(not_run, "case"));
  }
};

}  // namespace

std::vector<kernels::KernelInfo> kernels_for(const StoredCase& stored,
                                             const std::vector<kernels::KernelInfo>& selected) {
  const std::string& wanted = stored.value.kernel;
  const auto named = [&](const kernels::KernelInfo& info) { return info.name == wanted; };
  if (!selected.empty()) {
    const auto found = std::find_if(selected.begin(), selected.end(), named);
    if (found != selected.end() && !found->library.empty()) return {*found};
  } else if (!wanted.empty()) {
    const std::vector<kernels::KernelInfo> all = kernels::builtin_infos();
    const auto found = std::find_if(all.begin(), all.end(), named);
    if (found == all.end()) {
      throw UsageError(
          fmt::format("{}: kernel '{}' is not built in; name its library with --kernel",
                      path_text(stored.path), problem::printable(wanted)));
    }
    return {*found};
  }
  std::vector<kernels::KernelInfo> serving;
  for (const kernels::KernelInfo& info : selected.empty() ? select_kernels({}) : selected) {
    if (may_serve(info, stored)) serving.push_back(info);
  }
  return serving;
}

problem::Verdict run_stored(const StoredCase& stored, properties::Harness& harness) {
  const bool flaky =
      stored.value.expected && stored.value.expected->status == problem::Status::kFlaky;
  try {
    problem::Verdict verdict;
    for (int run = 0; run < (flaky ? kReplayRuns : 1) && !verdict.failed(); ++run) {
      verdict = properties::run_check(*stored.property, stored.value, harness);
    }
    if (verdict.status == problem::Status::kSkipped) {
      const auto why = properties::unserved(harness.info(), stored.value);
      if (why) verdict.message += ": " + *why;
    }
    return verdict;
  } catch (const ContractError& error) {
    throw CorpusError(path_text(stored.path), fmt::format("cannot be run: {}", error.what()));
  }
}

int replay(const ReplayOptions& options, std::FILE* out) {
  std::vector<fs::path> files;
  for (const fs::path& path : options.paths) {
    std::error_code error;
    // A folder stands for the cases in it; anything else is to be a case itself.
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    const std::vector<fs::path> found = corpus::list_cases(path);
    if (found.empty()) throw CorpusError(path_text(path), "no case file in this folder");
    files.insert(files.end(), found.begin(), found.end());
  }
  const std::vector<StoredCase> cases = read_stored(files);
  std::vector<kernels::KernelInfo> selected;
  if (!options.kernels.empty()) selected = select_kernels(options.kernels);
  std::vector<std::vector<kernels::KernelInfo>> kernels;
  for (const StoredCase& stored : cases) kernels.push_back(kernels_for(stored, selected));

  ReplayTally tally;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    bool served = false;
    for (const kernels::KernelInfo& info : kernels[i]) {
      const auto session = kernels::open_session(info, options.session);
      properties::Harness harness(*session);
      harness.second_looks(true);
      const problem::Verdict verdict = run_stored(cases[i], harness);
      // Outside the kernel's declaration after all: its supports() knows better than its sets.
      if (verdict.status == problem::Status::kSkipped && kernels[i].size() > 1) continue;
      served = true;
      tally.count(verdict);
      std::fputs(paragraph(cases[i], info, verdict).c_str(), out);
      std::fflush(out);
    }
    if (served) continue;
    ++tally.not_run;
    const std::string line = fmt::format("not run  {}  {}: no kernel here serves it\n",
                                         cases[i].property->id, path_text(cases[i].path));
    std::fputs(line.c_str(), out);
  }
  std::fputs(tally.text().c_str(), out);
  return tally.exit_code();
}

}  // namespace attest::campaign
