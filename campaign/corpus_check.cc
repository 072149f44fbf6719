// attest corpus check.
#include <string>

#include <fmt/format.h>

#include "campaign/corpus_runs.h"
#include "campaign/corpus_tools.h"
#include "campaign/table.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

std::string told(problem::Status status, const std::string& failure_class) {
  return fmt::format("{}{}{}", problem::name_of(status), failure_class.empty() ? "" : ", ",
                     problem::printable(failure_class));
}

/// Why the verdict is not what the file records, or nothing.
std::string disagreement(const problem::Case& value, const CorpusRun& run) {
  problem::Expectation expected;
  if (value.expected && (value.kernel.empty() || value.kernel == run.kernel)) {
    expected = *value.expected;
  }
  const bool should_fail = problem::is_failure(expected.status);
  const std::string recorded = told(expected.status, expected.failure_class);
  const std::string got = told(run.verdict.status, run.verdict.failure_class);
  if (!should_fail) return run.verdict.failed() ? "fails: " + got : "";
  if (!run.verdict.failed()) return "passes now; recorded: " + recorded;
  // A flaky case that fails at all does as recorded.
  const bool same =
      run.verdict.failure_class == expected.failure_class &&
      (run.verdict.status == expected.status || expected.status == problem::Status::kFlaky);
  return same ? "" : fmt::format("fails otherwise: {}; recorded: {}", got, recorded);
}

}  // namespace

int check_corpus(const CorpusOptions& options, std::FILE* out) {
  std::vector<CorpusCase> cases = read_corpus(options);
  run_corpus(cases, options);
  std::int64_t checks = 0, wrong = 0, undecided = 0, missing = 0;
  std::string text;
  for (const CorpusCase& one : cases) {
    if (one.runs.empty()) {
      text += fmt::format("not run  {}: {}\n", shown_path(one), one.why_not);
      missing += one.kernel_missing ? 1 : 0;
    }
    for (const CorpusRun& run : one.runs) {
      ++checks;
      const std::string where = fmt::format("{}  {}  {}", problem::printable(run.kernel),
                                            one.stored.property->id, shown_path(one));
      const bool judged = run.verdict.failed() || run.verdict.status == problem::Status::kPass;
      if (!judged) {
        ++undecided;
        text += fmt::format("{}  {}\n  {}\n", problem::name_of(run.verdict.status), where,
                            problem::printable(run.verdict.message));
        continue;
      }
      const std::string why = disagreement(one.stored.value, run);
      if (why.empty()) continue;
      ++wrong;
      text += fmt::format("WRONG  {}\n  {}\n", where, why);
      if (!run.verdict.message.empty()) {
        text += fmt::format("  {}\n", problem::printable(run.verdict.message));
      }
    }
  }
  text += fmt::format("{} of {} as recorded\n", grouped(checks - wrong - undecided),
                      plural(checks, "check"));
  std::fputs(text.c_str(), out);
  return wrong > 0 ? 1 : undecided > 0 || missing > 0 || checks == 0 ? 2 : 0;
}

}  // namespace attest::campaign
