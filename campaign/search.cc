#include "campaign/search.h"

#include <algorithm>

#include "campaign/interrupt.h"
#include "campaign/wire.h"

namespace attest::campaign {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr nanoseconds kLongestSlice = std::chrono::milliseconds(20);
// Rounds over all pairs that a time budget should at least allow, so that none is left out.
constexpr int kRounds = 4;
// Second looks of one lane at one pair. Data of a kind that breaks the statistical bound again and
// again must not slow the search down.
constexpr std::int64_t kMaxSecondLooks = 200;

class SearchLane {
 public:
  SearchLane(const SearchPlan& plan, const Channel& channel)
      : plan_(plan),
        channel_(channel),
        pool_(plan.options.kernels, plan.options.session, plan.options.open),
        next_(plan.pairs.size(), static_cast<std::uint64_t>(channel.lane())),
        second_looks_(plan.pairs.size(), 0),
        slice_(kLongestSlice) {
    if (plan.deadline) {
      const auto rounds = static_cast<std::int64_t>(plan.pairs.size()) * kRounds;
      slice_ = std::min(
          slice_, nanoseconds(*plan.deadline - plan.start) / std::max<std::int64_t>(rounds, 1));
    }
  }

  void run() {
    // Lanes begin at different pairs: with a short budget they see more of them.
    const std::size_t count = plan_.pairs.size();
    const std::size_t first =
        count * static_cast<std::size_t>(channel_.lane()) / static_cast<std::size_t>(plan_.jobs);
    bool more = true;
    while (more && !ended()) {
      more = false;
      for (std::size_t i = 0; i < count && !ended(); ++i) more |= run_slice((first + i) % count);
    }
  }

 private:
  bool ended() const {
    return plan_.board.stop().load(std::memory_order_relaxed) || interruptions() > 0 ||
           (plan_.deadline && Clock::now() >= *plan_.deadline);
  }

  bool finished(std::size_t pair) const {
    const std::uint64_t k = next_[pair];
    const auto cases = cases_of(plan_.options, plan_.pairs[pair]);
    return (cases && k >= *cases) || k > plan_.board.pair(pair).first_failure.load();
  }

  /// False when the pair is done for this lane.
  bool run_slice(std::size_t pair) {
    const Clock::time_point end = Clock::now() + slice_;
    do {
      if (finished(pair)) return false;
      if (ended()) return true;
      run_case(pair, next_[pair]);
      next_[pair] += static_cast<std::uint64_t>(plan_.jobs);
    } while (Clock::now() < end);
    return true;
  }

  void run_case(std::size_t index, std::uint64_t k) {
    const Pair& pair = plan_.pairs[index];
    LaneState& state = plan_.board.lane(static_cast<std::size_t>(channel_.lane()));
    state.item = static_cast<std::int64_t>(index);
    state.k = k;

    PairCounters& counters = plan_.board.pair(index);
    properties::Harness& harness = pool_.harness(pair.kernel);
    harness.second_looks(k < counters.first_suspicion.load() &&
                         second_looks_[index] < kMaxSecondLooks);
    const properties::Statistics before = harness.statistics();
    const Clock::time_point start = Clock::now();
    const problem::Case drawn = case_of(plan_.options, pair, k);
    const Clock::time_point made = Clock::now();
    const problem::Verdict verdict = properties::run_check(*pair.property, drawn, harness);
    const Clock::time_point judged = Clock::now();

    properties::Statistics after = harness.statistics();
    after.generate_ns += nanoseconds(made - start).count();
    after.total_ns = before.total_ns + nanoseconds(judged - start).count();
    counters.spent(before, after);
    counters.count(verdict);
    if (verdict.status != problem::Status::kSkipped) {
      counters.sequences.fetch_add(drawn.problem().batch(), std::memory_order_relaxed);
      plan_.coverage.add(pair.kernel, properties::labels_of(drawn));
    }
    if (plan_.log) plan_.log->add(channel_.lane(), index, k, case_line(k, drawn, verdict));
    second_looks_[index] += after.second_looks - before.second_looks;
    if (!verdict.failed() && !verdict.suspicion) return;
    channel_.send(WireWriter()
                      .integer(static_cast<std::int64_t>(index))
                      .integer(static_cast<std::int64_t>(k))
                      .verdict(verdict)
                      .take());
    if (verdict.failed()) {
      counters.failed_at(k);
    } else {
      counters.suspicious_at(k);
    }
  }

  const SearchPlan& plan_;
  const Channel& channel_;
  KernelPool pool_;
  std::vector<std::uint64_t> next_;         ///< per pair, the next k of this lane
  std::vector<std::int64_t> second_looks_;  ///< per pair
  nanoseconds slice_;
};

}  // namespace

void search_lane(const SearchPlan& plan, const Channel& channel) {
  SearchLane(plan, channel).run();
}

Found parse_found(std::string_view message) {
  WireReader reader(message);
  Found found;
  found.pair = static_cast<std::size_t>(reader.integer());
  found.k = static_cast<std::uint64_t>(reader.integer());
  found.verdict = reader.verdict();
  return found;
}

}  // namespace attest::campaign
