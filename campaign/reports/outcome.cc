#include "campaign/reports/outcome.h"

#include <utility>

#include <fmt/format.h>

#include "campaign/run/exit_code.h"
#include "campaign/table.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

constexpr std::size_t kMaxName = 400;
constexpr std::size_t kMaxMessage = 2000;

std::string name(const std::string& text) { return problem::printable(text, kMaxName); }

std::string details(const FailureRecord& failure) {
  std::string text =
      fmt::format("{} (case {}, {}, error/bound {}): {}", name(failure.signature), failure.k,
                  problem::name_of(failure.status), ratio_text(failure.severity),
                  problem::printable(failure.message, kMaxMessage));
  if (failure.seen > 1) text += fmt::format("; seen in {}", plural(failure.seen, "case"));
  if (!failure.file.empty()) text += fmt::format("; case file {}", name(failure.file));
  return text;
}

Check of_pair(const RunRecord& record, const PairRecord& pair) {
  Check check;
  check.kernel = name(pair.kernel);
  check.property = name(pair.property);
  check.judged = pair.judged;
  const FailureRecord* first = nullptr;  // that no waiver covers, else the first of all
  for (const FailureRecord& failure : record.failures) {
    if (failure.kernel != pair.kernel || failure.property != pair.property) continue;
    check.details.push_back(details(failure));
    const bool better = first == nullptr || (!first->waiver.empty() && failure.waiver.empty()) ||
                        (first->waiver.empty() == failure.waiver.empty() && failure.k < first->k);
    if (better) first = &failure;
  }
  for (const SuspicionRecord& suspicion : record.suspicious) {
    if (suspicion.kernel != pair.kernel || suspicion.property != pair.property) continue;
    check.details.push_back(fmt::format("suspicious (case {}): {}", suspicion.k,
                                        problem::printable(suspicion.message, kMaxMessage)));
  }
  if (first != nullptr) {
    check.outcome = first->waiver.empty() ? Outcome::kFails : Outcome::kWaived;
    check.kind = name(first->failure_class);
    check.message = problem::printable(first->message, kMaxMessage);
    check.waiver = name(first->waiver);
  } else if (pair.first_failure) {
    check.outcome = Outcome::kFails;
    check.message = fmt::format("case {} fails; it was not filed", *pair.first_failure);
  } else if (pair.judged == 0) {
    check.outcome = Outcome::kNotJudged;
    check.message = fmt::format("nothing was judged: {} skipped, {} inconclusive",
                                plural(pair.skipped, "case"), pair.inconclusive);
  }
  return check;
}

Check of_stored(const StoredRecord& stored) {
  Check check;
  check.kernel = name(stored.kernel);
  check.property = name(stored.property);
  check.stored = name(stored.path);
  if (!stored.status) {
    check.outcome = Outcome::kNotJudged;
    check.message = stored.kernel.empty() ? "no selected kernel serves it" : "no time was left";
  } else if (problem::is_failure(*stored.status)) {
    check.outcome = stored.waiver.empty() ? Outcome::kFails : Outcome::kWaived;
    check.judged = 1;
    check.kind = name(stored.failure_class);
    check.message = problem::printable(stored.message, kMaxMessage);
    check.waiver = name(stored.waiver);
  } else if (*stored.status == problem::Status::kPass) {
    check.judged = 1;
  } else {
    check.outcome = Outcome::kNotJudged;
    check.message = fmt::format("{}: {}", problem::name_of(*stored.status),
                                problem::printable(stored.message, kMaxMessage));
  }
  return check;
}

}  // namespace

std::vector<Check> checks_of(const RunRecord& record) {
  std::vector<Check> checks;
  for (const PairRecord& pair : record.pairs) checks.push_back(of_pair(record, pair));
  for (const StoredRecord& stored : record.stored) checks.push_back(of_stored(stored));
  return checks;
}

std::vector<std::string> left_open(const RunRecord& record) {
  std::vector<std::string> reasons;
  switch (record.state) {
    case RunState::kDone:
      break;
    case RunState::kBroken:
      reasons.push_back("broke: " + problem::printable(record.broken, kMaxMessage));
      break;
    case RunState::kInterrupted:
    case RunState::kRunning:
      reasons.emplace_back(record.merged.empty() ? "interrupted"
                                                 : "shards are missing or were interrupted");
  }
  for (const std::string& kernel : unjudged_kernels(record)) {
    reasons.push_back(fmt::format("nothing of {} was judged", name(kernel)));
  }
  return reasons;
}

std::string heading(const Check& check) {
  const char* what = check.outcome == Outcome::kHolds    ? "holds"
                     : check.outcome == Outcome::kFails  ? "fails"
                     : check.outcome == Outcome::kWaived ? "fails"
                                                         : "was not judged";
  std::string text = fmt::format("{} {}", check.property, what);
  if (!check.kernel.empty()) text += " on " + check.kernel;
  if (!check.stored.empty()) text += ", stored case " + check.stored;
  return text;
}

}  // namespace attest::campaign
