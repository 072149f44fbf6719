#include "campaign/shrink_loop.h"

#include <utility>

#include <fmt/format.h>

#include "campaign/interrupt.h"
#include "shrinkers/accept.h"
#include "shrinkers/minimise.h"

namespace attest::campaign {
namespace {

using Clock = std::chrono::steady_clock;
using shrinkers::Judgement;

constexpr int kReruns = 10;

Judgement judge(const problem::Verdict& first, const problem::Verdict& verdict) {
  if (verdict.status == problem::Status::kSkipped) return Judgement::kInapplicable;
  if (!verdict.failed()) return Judgement::kPasses;
  return shrinkers::acceptable(first, verdict) ? Judgement::kFailsSame : Judgement::kFailsOther;
}

Shrunk as_is(problem::Case value, problem::Verdict verdict, std::string why_not) {
  Shrunk result;
  result.minimal = std::move(value);
  result.minimal.expected = expectation_of(verdict);
  result.verdict = std::move(verdict);
  result.why_not = std::move(why_not);
  return result;
}

}  // namespace

problem::Expectation expectation_of(const problem::Verdict& verdict) {
  return {verdict.status, verdict.failure_class};
}

Confirmed confirm(const properties::Property& property, const problem::Case& value,
                  const problem::Verdict& first, properties::Harness& harness) {
  harness.session().restart();
  problem::Verdict again = properties::run_check(property, value, harness);
  if (again.failed()) return {std::move(again), true};

  int failures = 0;
  problem::Verdict failing = first;
  for (int run = 0; run < kReruns; ++run) {
    problem::Verdict verdict = properties::run_check(property, value, harness);
    if (!verdict.failed()) continue;
    ++failures;
    failing = std::move(verdict);
  }
  failing.status = problem::Status::kFlaky;
  failing.message = fmt::format("fails in {} of {} runs of the same case: {}", failures + 1,
                                kReruns + 2, failing.message);
  return {std::move(failing), false};
}

Shrunk confirm_case(const properties::Property& property, const problem::Case& original,
                    const problem::Verdict& first, properties::Harness& harness) {
  Confirmed confirmed = confirm(property, original, first, harness);
  const char* why_not = confirmed.fails ? "" : "flaky";
  return as_is(original, std::move(confirmed.verdict), why_not);
}

Shrunk shrink_case(const properties::Property& property, const problem::Case& original,
                   const problem::Verdict& first, properties::Harness& harness,
                   const ShrinkLimits& limits) {
  const Confirmed confirmed = confirm(property, original, first, harness);
  if (!confirmed.fails) return as_is(original, confirmed.verdict, "flaky");

  problem::Case start = original;
  start.expected.reset();
  start.shrink.reset();
  const Clock::time_point deadline = Clock::now() + limits.time;
  shrinkers::Limits when_to_stop;
  when_to_stop.max_evaluations = limits.evaluations;
  when_to_stop.out_of_time = [&] { return Clock::now() >= deadline || interruptions() > 0; };

  problem::Verdict last;
  const auto minimise = [&](bool fresh) {
    last = confirmed.verdict;
    return shrinkers::minimise(
        start,
        [&, fresh](const problem::Case& smaller) {
          if (fresh) harness.session().restart();
          problem::Verdict verdict = properties::run_check(property, smaller, harness);
          Judgement judgement = judge(confirmed.verdict, verdict);
          if (judgement == Judgement::kFailsSame && limits.needs_defect && !harness.defect_ran()) {
            judgement = Judgement::kFailsOther;
          }
          if (judgement == Judgement::kFailsSame) last = std::move(verdict);
          return judgement;
        },
        when_to_stop);
  };

  shrinkers::MinimiseResult result = minimise(false);
  Confirmed final = confirm(property, result.minimal, last, harness);
  if (!final.fails) {
    // What an earlier call left behind made a smaller case fail. The drawn one fails by itself.
    result = minimise(true);
    final = confirm(property, result.minimal, last, harness);
  }
  Shrunk shrunk = as_is(result.minimal, std::move(final.verdict), "");
  // A case that was minimal already keeps the record of how it became so.
  const bool kept = result.record.accepted == 0 && original.shrink;
  shrunk.minimal.shrink = kept ? *original.shrink : result.record;
  shrunk.shrunk = true;
  return shrunk;
}

std::string shrink_text(const problem::ShrinkRecord& record) {
  std::string text =
      fmt::format("{} evaluations, {} reductions taken; ", record.evaluations, record.accepted);
  if (!record.minimal) return text + "ended by a limit, so smaller ones may fail too";
  return text + fmt::format("minimal: of {} further ones {} pass and {} fail otherwise",
                            record.passed + record.rejected, record.passed, record.rejected);
}

}  // namespace attest::campaign
