#include "campaign/campaign.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "campaign/board.h"
#include "campaign/crew.h"
#include "campaign/elapsed.h"
#include "campaign/errors.h"
#include "campaign/file_failures.h"
#include "campaign/file_suspicions.h"
#include "campaign/found.h"
#include "campaign/interrupt.h"
#include "campaign/progress.h"
#include "campaign/run/make_record.h"
#include "campaign/run/run_folder.h"
#include "campaign/run/shard.h"
#include "campaign/search.h"
#include "campaign/stored.h"
#include "kernels/gpu/device.h"
#include "kernels/gpu/service.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

using std::chrono::milliseconds;

// Stored cases are few and large; drawn ones find more per second. No stored case starts after this
// share of the time, and the search gets the rest of it, however long the last one took.
constexpr int kStoredShare = 4;
constexpr auto kSaveEvery = std::chrono::seconds(5);

/// What lanes keep in their journals, besides kShrunkTag.
constexpr char kStoredTag = 's';
constexpr char kFoundTag = 'f';

std::optional<std::filesystem::path> state_file(const std::unique_ptr<RunFolder>& folder,
                                                std::filesystem::path (RunFolder::*file)() const) {
  if (!folder) return std::nullopt;
  return (*folder.*file)();
}

class Campaign {
 public:
  explicit Campaign(const Options& options)
      : options_(options),
        pairs_(checked_pairs(options_)),
        jobs_(lanes_of(options_)),
        identity_(identity_of(options_)),
        folder_(options_.out ? std::make_unique<RunFolder>(options_, identity_, jobs_) : nullptr),
        started_(folder_ ? folder_->started() : utc_now()),
        board_(pairs_.size(), static_cast<std::size_t>(jobs_),
               state_file(folder_, &RunFolder::board_file)),
        coverage_(options_.kernels.size(), state_file(folder_, &RunFolder::coverage_file)),
        found_(options_, pairs_) {
    time_ = options_.time;
    if (!options_.time && !options_.cases && !options_.total_cases && !options_.exhaustive) {
      time_ = kDefaultTime;
    }
  }

  Report run() {
    const InterruptGuard guard;
    const std::vector<StoredCase> stored = read_stored(options_.stored);
    if (folder_) {
      log_ = std::make_unique<CaseLog>(folder_->state(), jobs_);
      restore();
    }
    start_ = Clock::now() - milliseconds(board_.elapsed_ms());
    Report report;
    if (folder_) keep_report(report, [&] { save_progress(); });
    share_device();
    replay_stored(stored, report);
    search(report);
    report.device = leave_device();
    collect(report);
    if (log_) keep_report(report, [&] { publish(); });
    keep_report(report, [&] { shrink(report); });
    report.suspicious = file_suspicions(options_, pairs_, found_.suspicious());
    note_unwritten(report);
    report.elapsed = since(start_);
    report.interrupted = interruptions() > 0;
    if (folder_) keep_report(report, [&] { folder_->finish(report, coverage_); });
    progress_.clear();
    return report;
  }

 private:
  static std::vector<Pair> checked_pairs(const Options& options) {
    std::vector<Pair> pairs = make_pairs(options);
    if (pairs.empty()) {
      throw NothingToDo("nothing to do: no selected property applies to a selected kernel");
    }
    return pairs;
  }

  CrewOptions crew(const char* phase, char tag) {
    CrewOptions crew;
    crew.lanes = jobs_;
    crew.inline_lane = options_.session.in_process;
    crew.on_tick = [this, phase] { tick(phase); };
    crew.on_interrupt = [this] { board_.stop() = true; };
    if (folder_) crew.journals = folder_->state();
    crew.tag = tag;
    return crew;
  }

  bool has_processes_on_device() const {
    return runs_on_device(options_) && !options_.session.in_process;
  }

  void share_device() {
    const bool searches = board_.phase() != Phase::kFailures;
    if (!has_processes_on_device() || !searches || options_.session.service != nullptr) return;
    service_ = kernels::gpu::Service::start(kernels::gpu::device_name());
    if (service_ != nullptr && !kernels::gpu::serves(*service_)) service_.reset();
    options_.session.service = service_.get();
  }

  /// Failures are confirmed and shrunk without a service: none may be another's.
  DeviceUse leave_device() {
    const auto* service = std::exchange(options_.session.service, nullptr);
    if (!has_processes_on_device()) return DeviceUse::kNone;
    DeviceUse use = DeviceUse::kInTurns;
    if (service != nullptr) {
      use = service->on() ? DeviceUse::kSideBySide : DeviceUse::kLeft;
    } else if (kernels::gpu::Service::runs_already()) {
      use = DeviceUse::kOwnService;
    }
    service_.reset();
    return use;
  }

  /// What an earlier process of this run has found, and how far it came.
  void restore() {
    read_journals(folder_->state(), jobs_, [&](char tag, std::string_view message) {
      if (tag == kStoredTag) stored_.push_back(parse_stored_verdict(message));
      if (tag == kFoundTag) found_.note(parse_found(message), FoundCases::Files::kAreThere);
      if (tag == kShrunkTag) shrunk_.emplace_back(message);
    });
    for (const StoredVerdict& entry : stored_) stored_failures_ += entry.verdict.failed() ? 1 : 0;
  }

  void tick(const char* phase) {
    board_.elapsed_ms() = since(start_).count();
    ProgressNumbers numbers;
    numbers.phase = phase;
    numbers.elapsed = since(start_);
    numbers.failures = stored_failures_;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Counts counts = board_.counts(i);
      numbers.cases += counts.cases;
      numbers.checks += counts.judged;
      numbers.worst = std::max(numbers.worst, counts.worst);
      if (board_.pair(i).first_failure != kNoFailure) ++numbers.failures;
    }
    progress_.show(numbers);
    if (folder_ && Clock::now() >= next_save_) save_progress();
  }

  void save_progress() {
    Report report;
    collect(report);
    report.elapsed = since(start_);
    report.search = report.elapsed;
    for (const Found& found : found_.failing()) {
      report.failures.push_back(drawn_failure(options_, pairs_, found, "the run goes on"));
    }
    folder_->save(report, RunState::kRunning);
    next_save_ = Clock::now() + kSaveEvery;
  }

  /// A lane that dies (a bug in attest, a plug-in that was deleted) or a disk that is full ends the
  /// campaign, but what was found until then is reported.
  template <typename Step>
  static void keep_report(Report& report, Step step) {
    try {
      step();
    } catch (const ContractError& error) {
      if (report.broken.empty()) report.broken = error.what();
    } catch (const SystemError& error) {
      if (report.broken.empty()) report.broken = error.what();
    }
  }

  void replay_stored(const std::vector<StoredCase>& stored, Report& report) {
    if (stored.empty()) return;
    const std::vector<StoredTask> tasks = make_stored_tasks(options_, stored);
    StoredPlan plan{options_, stored, tasks, board_, std::nullopt, {}};
    if (board_.phase() == Phase::kStored) {
      if (time_) plan.deadline = start_ + *time_ / kStoredShare;
      plan.done.resize(tasks.size());
      for (const StoredVerdict& entry : stored_) plan.done[entry.task] = true;
      CrewOptions options = crew("stored cases", kStoredTag);
      options.on_message = [&](std::string_view message) {
        stored_.push_back(parse_stored_verdict(message));
        if (stored_.back().verdict.failed()) ++stored_failures_;
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
    }
    report.stored = collect_stored(plan, stored_);
  }

  void search(Report& report) {
    if (interruptions() > 0 || !report.broken.empty()) return;
    if (board_.phase() == Phase::kStored) board_.phase() = Phase::kSearch;
    if (board_.phase() != Phase::kSearch) {
      report.search = milliseconds(board_.search_ms());
      return;
    }
    SearchPlan plan{options_, pairs_,       board_,       coverage_,
                    jobs_,    Clock::now(), std::nullopt, log_.get()};
    // Of the time only stored cases may have taken more than their share.
    if (time_) plan.deadline = plan.start + *time_ - searched();
    CrewOptions options = crew("fuzzing", kFoundTag);
    options.on_message = [&](std::string_view message) {
      found_.note(parse_found(message), FoundCases::Files::kAreToBe);
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
    report.search = since(start_);
    board_.search_ms() = report.search.count();
    if (interruptions() == 0 && report.broken.empty()) board_.phase() = Phase::kFailures;
  }

  /// How much of the time is gone when the search begins, or goes on.
  milliseconds searched() {
    const milliseconds gone = since(start_);
    if (board_.search_began_ms() == 0) {
      board_.search_began_ms() = std::max<std::int64_t>(gone.count(), 1);
      return std::min(gone, *time_ / kStoredShare);
    }
    const milliseconds began(board_.search_began_ms());
    return std::min(began, *time_ / kStoredShare) + (gone - began);
  }

  void collect(Report& report) const {
    report.identity = identity_;
    report.started = started_;
    report.jobs = jobs_;
    report.coverage = measure(coverage_, options_.kernels);
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Counts counts = board_.counts(i);
      PairResult result;
      result.pair = pairs_[i];
      result.cases = counts.cases;
      result.sequences = counts.sequences;
      result.judged = counts.judged;
      result.skipped = counts.skipped;
      result.inconclusive = counts.inconclusive;
      result.worst = counts.worst;
      result.first_failure = found_.first_failure(i);
      result.stop = stop_of(report, i, counts.cases, result.first_failure.has_value());
      report.pairs.push_back(result);
      report.generate_ns += counts.generate_ns;
      report.oracle_ns += counts.oracle_ns;
      report.kernel_ns += counts.kernel_ns;
      report.total_ns += counts.total_ns;
      report.escalations += counts.escalations;
      report.vacuous += counts.vacuous;
      report.second_looks += counts.second_looks;
      if (time_ && !board_.pair(i).stale) ++report.needy_pairs;
    }
  }

  Stop stop_of(const Report& report, std::size_t pair, std::int64_t cases, bool fails) const {
    if (fails && !options_.keep_going) return Stop::kFailure;
    const auto all = cases_of(options_, pairs_, pair);
    if (all && cases >= cases_in(options_.shard, *all)) return Stop::kCases;
    const bool cut_short = interruptions() > 0 || !report.broken.empty();
    return cut_short ? Stop::kInterrupted : Stop::kTime;
  }

  void shrink(Report& report) {
    const std::vector<Found> failing = found_.failing();
    FailuresPlan plan{options_, pairs_, board_, jobs_, failing, std::nullopt, shrunk_};
    if (folder_) plan.journals = folder_->state();
    report.failures = file_failures(plan, [&] { tick("shrinking"); });
    found_.remove_superseded(report.failures);
  }

  static void note_unwritten(Report& report) {
    for (const Failure& failure : report.failures) {
      if (report.not_written.empty()) report.not_written = failure.why_not_saved;
    }
    for (const SuspiciousCase& suspicion : report.suspicious) {
      if (report.not_written.empty()) report.not_written = suspicion.why_not_saved;
    }
  }

  /// Which cases beyond a first failure were still run is chance; they are left out.
  void publish() const {
    log_->publish(*options_.out, [&](std::size_t pair, std::uint64_t k) {
      const auto first = found_.first_failure(pair);
      return options_.keep_going || !first || k <= *first;
    });
  }

  Options options_;
  std::unique_ptr<kernels::gpu::Service> service_;
  std::vector<Pair> pairs_;
  int jobs_;
  RunIdentity identity_;
  std::unique_ptr<RunFolder> folder_;
  std::string started_;
  Board board_;
  CoverageMap coverage_;
  FoundCases found_;
  Clock::time_point start_;
  Clock::time_point next_save_;
  std::optional<milliseconds> time_;
  std::unique_ptr<CaseLog> log_;
  Progress progress_;
  std::vector<StoredVerdict> stored_;
  std::vector<std::string> shrunk_;  ///< messages of an earlier phase 3
  std::int64_t stored_failures_ = 0;
};

}  // namespace

Report run(const Options& options) { return Campaign(options).run(); }

}  // namespace attest::campaign
