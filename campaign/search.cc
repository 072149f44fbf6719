#include "campaign/search.h"

#include <algorithm>
#include <map>
#include <string>

#include "campaign/confirm.h"
#include "campaign/elapsed.h"
#include "campaign/interrupt.h"
#include "campaign/signature.h"
#include "campaign/wire.h"

namespace attest::campaign {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kLongestSlice = std::chrono::milliseconds(20);
// Rounds over all pairs that a time budget should at least allow, so that none is left out.
constexpr int kRounds = 4;
// Stays with a kernel that a time budget has room for, where a lane stays with each.
constexpr std::int64_t kVisits = 2;
// Slices without anything new after which a pair gets shorter ones, and how much shorter.
constexpr int kStaleSlices = 3;
constexpr int kShorter = 4;
// Second looks of one lane at one pair. Data of a kind that breaks the statistical bound again and
// again must not slow the search down.
constexpr std::int64_t kMaxSecondLooks = 200;

class SearchLane {
 public:
  SearchLane(const SearchPlan& plan, const Channel& channel)
      : plan_(plan),
        channel_(channel),
        pool_(plan.options.kernels, session_of(plan.options, plan.jobs), plan.options.open),
        stale_slices_(plan.pairs.size(), 0),
        sent_(plan.pairs.size()),
        slice_(kLongestSlice) {
    if (plan.deadline) {
      const auto rounds = static_cast<std::int64_t>(plan.pairs.size()) * kRounds;
      slice_ = std::min(
          slice_, nanoseconds(*plan.deadline - plan.start) / std::max<std::int64_t>(rounds, 1));
    }
  }

  void run() {
    const std::vector<Stay> stays = make_stays();
    bool more = true;
    while (more && !ended()) {
      more = false;
      for (const Stay& stay : stays) more |= run_stay(stay);
    }
  }

 private:
  /// Pairs that take turns for a while before the lane goes on to others.
  using Stay = std::vector<std::size_t>;

  /// One stay, unless it is by kernel.
  std::vector<Stay> make_stays() {
    const bool by_kernel = opens_slowly(plan_.options);
    if (by_kernel && plan_.deadline) {
      const auto kernels = static_cast<std::int64_t>(plan_.options.kernels.size());
      stay_ = nanoseconds(*plan_.deadline - plan_.start) / (kVisits * kernels);
    } else if (by_kernel) {
      stay_ = nanoseconds::max();
    }
    // Lanes begin at different pairs: with a short budget they see more of them.
    const std::size_t count = plan_.pairs.size();
    const std::size_t first =
        count * static_cast<std::size_t>(channel_.lane()) / static_cast<std::size_t>(plan_.jobs);
    std::vector<Stay> stays;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t pair = (first + i) % count;
      const bool same =
          !stays.empty() && plan_.pairs[stays.back().back()].kernel == plan_.pairs[pair].kernel;
      if (stays.empty() || (by_kernel && !same)) stays.emplace_back();
      stays.back().push_back(pair);
    }
    return stays;
  }

  /// False when its pairs are done for this lane.
  bool run_stay(const Stay& stay) {
    const Clock::time_point start = Clock::now();
    bool more = false;
    do {
      more = false;
      for (const std::size_t pair : stay) {
        if (ended()) return true;
        more |= run_slice(pair);
      }
    } while (more && Clock::now() - start < stay_);
    return more;
  }

  bool ended() const {
    return plan_.board.stop().load(std::memory_order_relaxed) || interruptions() > 0 ||
           (plan_.deadline && Clock::now() >= *plan_.deadline);
  }

  std::uint64_t next(std::size_t pair) const {
    return case_number(plan_.options, plan_.jobs, channel_.lane(),
                       static_cast<std::uint64_t>(slot(pair).cases()));
  }
  LaneCounts& slot(std::size_t pair) const {
    return plan_.board.slot(static_cast<std::size_t>(channel_.lane()), pair);
  }

  bool finished(std::size_t pair) const {
    const std::uint64_t k = next(pair);
    const auto cases = cases_of(plan_.options, plan_.pairs, pair);
    if (cases && k >= *cases) return true;
    return !plan_.options.keep_going && k > plan_.board.pair(pair).first_failure.load();
  }

  /// False when the pair is done for this lane.
  bool run_slice(std::size_t pair) {
    const bool stale = plan_.deadline && stale_slices_[pair] >= kStaleSlices;
    const Clock::time_point end = Clock::now() + (stale ? slice_ / kShorter : slice_);
    met_new_ = false;
    do {
      if (finished(pair)) return false;
      if (ended()) return true;
      run_case(pair, next(pair));
    } while (Clock::now() < end);
    stale_slices_[pair] = met_new_ ? 0 : stale_slices_[pair] + 1;
    plan_.board.pair(pair).stale = stale_slices_[pair] >= kStaleSlices;
    return true;
  }

  void run_case(std::size_t index, std::uint64_t k) {
    const Pair& pair = plan_.pairs[index];
    LaneState& state = plan_.board.lane(static_cast<std::size_t>(channel_.lane()));
    state.item = static_cast<std::int64_t>(index);
    state.k = k;

    Counts counts = slot(index).counts();
    properties::Harness& harness = pool_.harness(pair.kernel);
    harness.second_looks(k < plan_.board.pair(index).first_suspicion.load() &&
                         counts.second_looks < kMaxSecondLooks);
    History& history = pool_.history();
    history.begin(harness.session());
    const properties::Statistics before = harness.statistics();
    const Clock::time_point start = Clock::now();
    const problem::Case drawn = case_of(plan_.options, pair, k);
    const Clock::time_point made = Clock::now();
    harness.session().take_disturbed();
    problem::Verdict verdict = properties::run_check(*pair.property, drawn, harness);
    const Clock::time_point judged = Clock::now();

    properties::Statistics after = harness.statistics();
    after.generate_ns += nanoseconds(made - start).count();
    after.total_ns = before.total_ns + nanoseconds(judged - start).count();
    counts.spent(before, after);
    if (verdict.failed() && harness.session().take_disturbed()) {
      verdict = settle(*pair.property, drawn, harness, [&] {
        return draw_history(plan_.options, plan_.pairs, pool_.history().past());
      });
    }
    counts.count(verdict);
    if (verdict.status != problem::Status::kSkipped) {
      counts.sequences += drawn.problem().batch();
      met_new_ |= plan_.coverage.add(pair.kernel, properties::labels_of(drawn));
    }
    if (plan_.log && recorded(k, verdict)) {
      plan_.log->add(channel_.lane(), index, k, case_line(k, drawn, verdict));
    }
    if (verdict.failed() || verdict.suspicion) report(index, k, verdict);
    history.ran({index, k}, harness.session());
    // Last: a lane that is killed before this does the case again.
    slot(index).commit(counts);
  }

  bool recorded(std::uint64_t k, const problem::Verdict& verdict) const {
    const auto& first = plan_.options.record;
    return !first || k < static_cast<std::uint64_t>(*first) || verdict.failed();
  }

  void report(std::size_t index, std::uint64_t k, const problem::Verdict& verdict) {
    PairState& pair = plan_.board.pair(index);
    const bool news =
        !verdict.failed() ||
        ++sent_[index][signature_of(plan_.pairs[index].property->id, verdict)] <= kMaxSeen;
    if (news) {
      channel_.send(WireWriter()
                        .integer(static_cast<std::int64_t>(index))
                        .integer(static_cast<std::int64_t>(k))
                        .verdict(verdict)
                        .text(verdict.failed() ? write_history(pool_.history().past()) : "")
                        .take());
    }
    if (verdict.failed()) {
      pair.failed_at(k);
    } else {
      pair.suspicious_at(k);
    }
  }

  const SearchPlan& plan_;
  const Channel& channel_;
  KernelPool pool_;
  std::vector<int> stale_slices_;                          ///< per pair, the last ones in a row
  std::vector<std::map<std::string, std::int64_t>> sent_;  ///< per pair, failures by signature
  bool met_new_ = false;                                   ///< in the present slice
  nanoseconds slice_;
  nanoseconds stay_{0};  ///< at least; 0: one slice of each pair
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
  found.history = parse_history(reader.text());
  return found;
}

}  // namespace attest::campaign
