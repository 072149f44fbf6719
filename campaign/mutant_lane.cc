#include "campaign/mutant_lane.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "campaign/elapsed.h"
#include "campaign/interrupt.h"
#include "campaign/mutants.h"
#include "campaign/wire.h"
#include "corpus/case_file.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Verdict;

// Failures that are no kills after which a pair is given up: each may cost a hang or a process.
constexpr std::int64_t kMaxOtherFailures = 20;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A lane at work on one bug.
class MutantRun {
 public:
  /// `turn`: the how manieth in the plan's order.
  MutantRun(const MutantPlan& plan, std::size_t turn, LaneState& state)
      : plan_(plan),
        state_(state),
        first_pair_(plan.first_pair[plan.order[turn]]),
        bug_(plan.card.bugs[plan.order[turn]]),
        start_(Clock::now()) {
    state_.item = static_cast<std::int64_t>(plan.order[turn]);
    if (!plan.deadline) return;
    // What is left of the time belongs to this bug and those that nobody has begun, in equal parts.
    const auto waiting = static_cast<std::int64_t>(plan.card.bugs.size() - turn);
    const Clock::duration left = std::max(*plan.deadline - start_, Clock::duration::zero());
    end_ = start_ + left * std::min<std::int64_t>(plan.jobs, waiting) / waiting;
  }

  CardBug run() {
    try {
      session_ = open();
      harness_ = std::make_unique<properties::Harness>(*session_);
      search();
      shrink();
    } catch (const PluginError& error) {
      bug_.cannot_run = error.what();
    }
    bug_.seconds = seconds_since(start_);
    return bug_;
  }

 private:
  std::unique_ptr<kernels::Session> open() const {
    const Options& options = plan_.options;
    return options.open ? options.open(bug_.kernel, options.session)
                        : kernels::open_session(bug_.kernel, options.session);
  }

  bool stopped() const {
    return plan_.board.stop().load(std::memory_order_relaxed) || interruptions() > 0;
  }

  void search() {
    std::vector<bool> done(bug_.pairs.size(), false);
    std::uint64_t k = 0;
    for (; std::find(done.begin(), done.end(), false) != done.end(); ++k) {
      if (plan_.card.cases && k >= static_cast<std::uint64_t>(*plan_.card.cases)) return;
      for (std::size_t i = 0; i < bug_.pairs.size(); ++i) {
        if (done[i]) continue;
        if (stopped() || (end_ && Clock::now() >= *end_)) {
          const std::int64_t fair = plan_.card.cases.value_or(kDefaultMutantCases);
          bug_.ran_out_of_time = stopped() || k < static_cast<std::uint64_t>(fair);
          return;
        }
        run_case(i, k);
        const CardPair& pair = bug_.pairs[i];
        done[i] =
            pair.killed_at || pair.unreached_failures + pair.flaky_failures >= kMaxOtherFailures;
      }
    }
  }

  void run_case(std::size_t index, std::uint64_t k) {
    CardPair& pair = bug_.pairs[index];
    state_.k = k;
    Case drawn = properties::draw_case(*pair.property, bug_.kernel, plan_.options.seed, k);
    const Verdict verdict = properties::run_check(*pair.property, drawn, *harness_);
    const bool reached = harness_->defect_ran();
    ++pair.cases;
    if (reached) ++pair.reached;
    if (verdict.status != problem::Status::kSkipped &&
        verdict.status != problem::Status::kInconclusive) {
      ++pair.judged;
    }
    // A pair belongs to one bug and that to one lane: whose slot it is does not matter.
    LaneCounts& slot = plan_.board.slot(0, first_pair_ + index);
    Counts counts = slot.counts();
    counts.count(verdict);
    slot.commit(counts);
    if (!verdict.failed()) return;
    if (!reached) {
      ++pair.unreached_failures;
      return;
    }
    session_->restart();
    const Verdict again = properties::run_check(*pair.property, drawn, *harness_);
    if (!again.failed() || !harness_->defect_ran()) {
      ++pair.flaky_failures;
      return;
    }
    plan_.board.pair(first_pair_ + index).failed_at(k);
    pair.killed_at = k;
    pair.failure_class = again.failure_class;
    if (bug_.first) return;
    FirstKill& first = bug_.first.emplace();
    first.pair = index;
    first.cases = bug_.cases();
    first.seconds = seconds_since(start_);
    first.minimal = std::move(drawn);
    first.minimal.note = fmt::format("attest mutants --seed {}, case {}", plan_.options.seed, k);
    first.verdict = again;
  }

  void shrink() {
    if (!bug_.first) return;
    FirstKill& first = *bug_.first;
    const properties::Property& property = *bug_.pairs[first.pair].property;
    ShrinkLimits limits = plan_.options.shrink;
    limits.needs_defect = true;
    const bool hangs = first.verdict.status == problem::Status::kHang;
    // Each smaller case that hangs would cost the whole timeout.
    Shrunk shrunk = hangs ? confirm_case(property, first.minimal, first.verdict, *harness_)
                          : shrink_case(property, first.minimal, first.verdict, *harness_, limits);
    if (hangs) shrunk.why_not = "it hangs";
    first.minimal = std::move(shrunk.minimal);
    first.verdict = std::move(shrunk.verdict);
    first.why_not_shrunk = std::move(shrunk.why_not);
  }

  const MutantPlan& plan_;
  LaneState& state_;
  std::size_t first_pair_;
  CardBug bug_;
  Clock::time_point start_;
  std::optional<Clock::time_point> end_;
  std::unique_ptr<kernels::Session> session_;
  std::unique_ptr<properties::Harness> harness_;
};

std::string message_of(std::size_t index, const CardBug& bug) {
  WireWriter out;
  out.integer(static_cast<std::int64_t>(index)).real(bug.seconds);
  out.integer(bug.ran_out_of_time ? 1 : 0).text(bug.cannot_run);
  for (const CardPair& pair : bug.pairs) {
    out.integer(pair.cases).integer(pair.judged).integer(pair.reached);
    out.integer(pair.killed_at ? 1 : 0);
    out.integer(static_cast<std::int64_t>(pair.killed_at.value_or(0))).text(pair.failure_class);
    out.integer(pair.unreached_failures).integer(pair.flaky_failures);
  }
  out.integer(bug.first ? 1 : 0);
  if (bug.first) {
    const FirstKill& first = *bug.first;
    out.integer(static_cast<std::int64_t>(first.pair)).integer(first.cases).real(first.seconds);
    out.text(corpus::write_case(first.minimal)).verdict(first.verdict).text(first.why_not_shrunk);
  }
  return out.take();
}

}  // namespace

void mutant_lane(const MutantPlan& plan, const Channel& channel) {
  LaneState& state = plan.board.lane(static_cast<std::size_t>(channel.lane()));
  while (!plan.board.stop() && interruptions() == 0) {
    const auto turn = static_cast<std::size_t>(plan.board.next_task().fetch_add(1));
    if (turn >= plan.order.size()) return;
    channel.send(message_of(plan.order[turn], MutantRun(plan, turn, state).run()));
  }
}

std::size_t enter_bug(std::string_view message, Card& card) {
  WireReader in(message);
  const auto index = static_cast<std::size_t>(in.integer());
  CardBug& bug = card.bugs.at(index);
  bug.seconds = in.real();
  bug.ran_out_of_time = in.integer() != 0;
  bug.cannot_run = in.text();
  for (CardPair& pair : bug.pairs) {
    pair.cases = in.integer();
    pair.judged = in.integer();
    pair.reached = in.integer();
    const bool killed = in.integer() != 0;
    const auto k = static_cast<std::uint64_t>(in.integer());
    if (killed) pair.killed_at = k;
    pair.failure_class = in.text();
    pair.unreached_failures = in.integer();
    pair.flaky_failures = in.integer();
  }
  if (in.integer() == 0) return index;
  FirstKill& first = bug.first.emplace();
  first.pair = static_cast<std::size_t>(in.integer());
  first.cases = in.integer();
  first.seconds = in.real();
  first.minimal = corpus::parse_case(in.text(), "a shrunk case");
  first.verdict = in.verdict();
  first.why_not_shrunk = in.text();
  return index;
}

}  // namespace attest::campaign
