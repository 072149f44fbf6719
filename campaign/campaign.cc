#include "campaign/campaign.h"

#include <algorithm>
#include <map>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "campaign/board.h"
#include "campaign/crew.h"
#include "campaign/errors.h"
#include "campaign/file_failures.h"
#include "campaign/file_suspicions.h"
#include "campaign/interrupt.h"
#include "campaign/progress.h"
#include "campaign/search.h"
#include "campaign/stored.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Stored cases are few and large; drawn ones find more per second. No stored case starts after this
// share of the time, and the search gets the rest of it, however long the last one took.
constexpr int kStoredShare = 4;

milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
}

class Campaign {
 public:
  explicit Campaign(const Options& options)
      : options_(options),
        pairs_(make_pairs(options)),
        jobs_(lanes_of(options)),
        board_(pairs_.size(), static_cast<std::size_t>(jobs_)),
        coverage_(options.kernels.size()),
        start_(Clock::now()) {
    for (const kernels::KernelInfo& kernel : options.kernels) {
      if (kernel.capabilities.device == ATTEST_CPU) continue;
      throw PluginError(kernel.library,
                        fmt::format("kernel '{}' needs a CUDA device; this build calls CPU kernels "
                                    "only",
                                    kernel.name));
    }
    if (pairs_.empty()) {
      throw NothingToDo("nothing to do: no selected property applies to a selected kernel");
    }
    time_ = options.time;
    if (!options.time && !options.cases && !options.exhaustive) time_ = kDefaultTime;
  }

  Report run() {
    const InterruptGuard guard;
    const std::vector<StoredCase> stored = read_stored(options_.stored);
    if (options_.out) log_ = std::make_unique<CaseLog>(*options_.out, jobs_);
    Report report;
    report.jobs = jobs_;
    replay_stored(stored, report);
    search(report);
    report.search = since(start_);
    collect(report);
    if (log_ && report.broken.empty()) {  // a lane that died may have left half a line
      try {
        publish();
      } catch (const SystemError& error) {
        report.not_written = error.what();
      }
    }
    keep_report(report, [&] {
      report.failures =
          file_failures({options_, pairs_, board_, jobs_, failing_}, [&] { tick("shrinking"); });
    });
    report.suspicious = file_suspicions(options_, pairs_, suspicious());
    for (const Failure& failure : report.failures) {
      if (report.not_written.empty()) report.not_written = failure.why_not_saved;
    }
    for (const SuspiciousCase& suspicion : report.suspicious) {
      if (report.not_written.empty()) report.not_written = suspicion.why_not_saved;
    }
    report.elapsed = since(start_);
    report.interrupted = interruptions() > 0;
    progress_.clear();
    return report;
  }

 private:
  static int lanes_of(const Options& options) {
    if (options.session.in_process) return 1;
    if (options.jobs > 0) return options.jobs;
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  }

  CrewOptions crew(const char* phase) {
    CrewOptions crew;
    crew.lanes = jobs_;
    crew.inline_lane = options_.session.in_process;
    crew.on_tick = [this, phase] { tick(phase); };
    crew.on_interrupt = [this] { board_.stop() = true; };
    return crew;
  }

  void tick(const char* phase) {
    ProgressNumbers numbers;
    numbers.phase = phase;
    numbers.elapsed = since(start_);
    numbers.failures = stored_failures_;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const PairCounters& counters = board_.pair(i);
      numbers.cases += counters.cases;
      numbers.checks += counters.judged;
      numbers.worst = std::max(numbers.worst, counters.worst.load());
      if (counters.first_failure != kNoFailure) ++numbers.failures;
    }
    progress_.show(numbers);
  }

  /// A lane that dies (a bug in attest, a plug-in that was deleted) ends the campaign, but what was
  /// found until then is reported.
  template <typename Phase>
  static void keep_report(Report& report, Phase phase) {
    try {
      phase();
    } catch (const ContractError& error) {
      if (report.broken.empty()) report.broken = error.what();
    }
  }

  void replay_stored(const std::vector<StoredCase>& stored, Report& report) {
    if (stored.empty()) return;
    const std::vector<StoredTask> tasks = make_stored_tasks(options_, stored);
    StoredPlan plan{options_, stored, tasks, board_, std::nullopt};
    if (time_) plan.deadline = start_ + *time_ / kStoredShare;
    std::vector<StoredVerdict> verdicts;
    CrewOptions options = crew("stored cases");
    options.on_message = [&](std::string_view message) {
      verdicts.push_back(parse_stored_verdict(message));
      if (verdicts.back().verdict.failed()) ++stored_failures_;
    };
    options.describe = [&](int lane) {
      const std::int64_t item = board_.lane(static_cast<std::size_t>(lane)).item;
      if (item < 0) return std::string("nothing yet");
      const StoredTask& task = tasks[static_cast<std::size_t>(item)];
      return fmt::format("{} on {}", stored[task.stored].path.string(),
                         options_.kernels[task.kernel].name);
    };
    board_.next_task() = 0;
    keep_report(report, [&] {
      run_crew(options, [&](const Channel& channel) { stored_lane(plan, channel); });
    });
    report.stored = collect_stored(plan, verdicts);
  }

  void search(Report& report) {
    if (interruptions() > 0 || !report.broken.empty()) return;
    SearchPlan plan{options_, pairs_,       board_,       coverage_,
                    jobs_,    Clock::now(), std::nullopt, log_.get()};
    if (time_) plan.deadline = plan.start + *time_ - std::min(since(start_), *time_ / kStoredShare);
    CrewOptions options = crew("fuzzing");
    options.on_message = [&](std::string_view message) {
      Found found = parse_found(message);
      auto& first = found.verdict.failed() ? failing_ : suspicious_;
      const auto known = first.find(found.pair);
      if (known == first.end() || found.k < known->second.k) first[found.pair] = found;
    };
    options.describe = [&](int lane) {
      const LaneState& state = board_.lane(static_cast<std::size_t>(lane));
      if (state.item < 0) return std::string("nothing yet");
      const Pair& pair = pairs_[static_cast<std::size_t>(state.item)];
      return fmt::format("case {} of {} on {} (seed {})", state.k.load(), pair.property->id,
                         options_.kernels[pair.kernel].name, options_.seed);
    };
    keep_report(report, [&] {
      run_crew(options, [&](const Channel& channel) { search_lane(plan, channel); });
    });
  }

  void collect(Report& report) const {
    report.coverage = measure(coverage_, options_.kernels);
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const PairCounters& counters = board_.pair(i);
      PairResult result;
      result.pair = pairs_[i];
      result.cases = counters.cases;
      result.sequences = counters.sequences;
      result.judged = counters.judged;
      result.skipped = counters.skipped;
      result.inconclusive = counters.inconclusive;
      result.worst = counters.worst;
      if (const auto found = failing_.find(i); found != failing_.end()) {
        result.first_failure = found->second.k;
        result.stop = Stop::kFailure;
      } else if (const auto cases = cases_of(options_, pairs_[i]);
                 cases && result.cases >= static_cast<std::int64_t>(*cases)) {
        result.stop = Stop::kCases;
      } else {
        const bool cut_short = interruptions() > 0 || !report.broken.empty();
        result.stop = cut_short ? Stop::kInterrupted : Stop::kTime;
      }
      report.pairs.push_back(result);
      report.generate_ns += counters.generate_ns;
      report.oracle_ns += counters.oracle_ns;
      report.kernel_ns += counters.kernel_ns;
      report.total_ns += counters.total_ns;
      report.escalations += counters.escalations;
      report.vacuous += counters.vacuous;
      report.second_looks += counters.second_looks;
    }
  }

  /// A pair that fails has more to say than its suspicion.
  std::map<std::size_t, Found> suspicious() const {
    std::map<std::size_t, Found> alone;
    for (const auto& [pair, found] : suspicious_) {
      if (!failing_.contains(pair)) alone.emplace(pair, found);
    }
    return alone;
  }

  /// Which cases beyond a first failure were still run is chance; they are left out.
  void publish() const {
    log_->publish([&](std::size_t pair, std::uint64_t k) {
      const auto found = failing_.find(pair);
      return found == failing_.end() || k <= found->second.k;
    });
  }

  const Options& options_;
  std::vector<Pair> pairs_;
  int jobs_;
  Board board_;
  CoverageMap coverage_;
  Clock::time_point start_;
  std::optional<milliseconds> time_;
  std::unique_ptr<CaseLog> log_;
  Progress progress_;
  std::map<std::size_t, Found> failing_;     ///< by pair, the smallest k
  std::map<std::size_t, Found> suspicious_;  ///< the same
  std::int64_t stored_failures_ = 0;
};

}  // namespace

std::vector<Pair> make_pairs(const Options& options) {
  std::vector<Pair> pairs;
  for (std::size_t kernel = 0; kernel < options.kernels.size(); ++kernel) {
    for (const properties::Property* property : options.properties) {
      if (options.exhaustive && property->scope_size == nullptr) continue;
      if (property->applies(options.kernels[kernel])) pairs.push_back({kernel, property});
    }
  }
  return pairs;
}

problem::Case case_of(const Options& options, const Pair& pair, std::uint64_t k) {
  const kernels::KernelInfo& kernel = options.kernels[pair.kernel];
  return options.exhaustive ? properties::scope_case(*pair.property, kernel, k)
                            : properties::draw_case(*pair.property, kernel, options.seed, k);
}

std::optional<std::uint64_t> cases_of(const Options& options, const Pair& pair) {
  if (options.exhaustive) return pair.property->scope_size(options.kernels[pair.kernel]);
  if (options.cases) return static_cast<std::uint64_t>(*options.cases);
  return std::nullopt;
}

int Report::exit_code() const {
  const bool stored_fails = std::any_of(
      stored.begin(), stored.end(),
      [](const StoredResult& result) { return result.verdict && result.verdict->failed(); });
  if (!failures.empty() || stored_fails) return 1;
  if (interrupted) return 2;
  std::map<std::size_t, std::int64_t> judged;  // by kernel
  for (const PairResult& result : pairs) judged[result.pair.kernel] += result.judged;
  return std::any_of(judged.begin(), judged.end(), [](const auto& sum) { return sum.second == 0; })
             ? 2
             : 0;
}

Report run(const Options& options) { return Campaign(options).run(); }

}  // namespace attest::campaign
