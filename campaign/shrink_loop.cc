#include "campaign/shrink_loop.h"

#include <utility>

#include <fmt/format.h>

#include "campaign/elapsed.h"
#include "campaign/interrupt.h"
#include "shrinkers/accept.h"
#include "shrinkers/minimise.h"

namespace attest::campaign {
namespace {

using shrinkers::Judgement;

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

Shrunk confirm_case(const properties::Property& property, const problem::Case& original,
                    const problem::Verdict& first, properties::Harness& harness,
                    const HistoryOf& history) {
  Confirmed confirmed = confirm(property, original, first, harness, history);
  const char* why_not = confirmed.fails() ? "" : "flaky";
  return as_is(std::move(confirmed.value), std::move(confirmed.verdict), why_not);
}

namespace {

/// Makes a confirmed failure small.
class ShrinkLoop {
 public:
  ShrinkLoop(const properties::Property& property, const Confirmed& confirmed,
             properties::Harness& harness, const ShrinkLimits& limits)
      : property_(property), confirmed_(confirmed), harness_(harness), limits_(limits) {
    const Clock::time_point deadline = Clock::now() + limits.time;
    out_of_time_ = [deadline] { return Clock::now() >= deadline || interruptions() > 0; };
  }

  /// The drawn case, made small; its history stays.
  shrinkers::MinimiseResult shrink(const problem::Case& start, bool fresh) {
    last_ = confirmed_.verdict;
    return shrinkers::minimise(
        start,
        [&, fresh](const problem::Case& smaller) {
          if (fresh) harness_.session().restart();
          return judge_smaller(smaller);
        },
        when_to_stop());
  }

  /// The checks before it, made fewer and small.
  problem::Case shrink_history(problem::Case value) {
    value = with_short_history(property_, std::move(value), last_, harness_, out_of_time_);
    for (std::size_t i = 0; i < value.history.size(); ++i) {
      const auto judge_past = [&](const problem::Case& smaller) {
        problem::Case with = value;
        with.history[i] = smaller;
        return judge_smaller(with);
      };
      value.history[i] = shrinkers::minimise(value.history[i], judge_past, when_to_stop()).minimal;
    }
    return with_short_history(property_, std::move(value), last_, harness_, out_of_time_);
  }

  /// Of the smallest failing case so far.
  const problem::Verdict& last() const { return last_; }

 private:
  Judgement judge_smaller(const problem::Case& smaller) {
    problem::Verdict verdict = properties::run_check(property_, smaller, harness_);
    Judgement judgement = judge(confirmed_.verdict, verdict);
    if (judgement == Judgement::kFailsSame && limits_.needs_defect && !harness_.defect_ran()) {
      judgement = Judgement::kFailsOther;
    }
    if (judgement == Judgement::kFailsSame) last_ = std::move(verdict);
    return judgement;
  }

  shrinkers::Limits when_to_stop() const {
    shrinkers::Limits limits;
    limits.max_evaluations = limits_.evaluations;
    limits.out_of_time = out_of_time_;
    return limits;
  }

  const properties::Property& property_;
  const Confirmed& confirmed_;
  properties::Harness& harness_;
  const ShrinkLimits& limits_;
  std::function<bool()> out_of_time_;
  problem::Verdict last_;
};

}  // namespace

Shrunk shrink_case(const properties::Property& property, const problem::Case& original,
                   const problem::Verdict& first, properties::Harness& harness,
                   const ShrinkLimits& limits, const HistoryOf& history) {
  const Confirmed confirmed = confirm(property, original, first, harness, history, limits.time);
  if (!confirmed.fails()) return as_is(original, confirmed.verdict, "flaky");

  problem::Case start = confirmed.value;
  start.expected.reset();
  start.shrink.reset();
  ShrinkLoop loop(property, confirmed, harness, limits);
  shrinkers::MinimiseResult result = loop.shrink(start, false);
  if (confirmed.kind == Kind::kStateful) {
    result.minimal = loop.shrink_history(std::move(result.minimal));
  }
  Confirmed final = confirm(property, result.minimal, loop.last(), harness);
  if (!final.fails()) {
    // What an earlier call left behind made a smaller case fail. The drawn one fails by itself.
    result = loop.shrink(start, true);
    final = confirm(property, result.minimal, loop.last(), harness);
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
