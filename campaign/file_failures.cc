#include "campaign/file_failures.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "campaign/crew.h"
#include "campaign/interrupt.h"
#include "campaign/kernel_pool.h"
#include "campaign/path_text.h"
#include "campaign/run/run_folder.h"
#include "campaign/signature.h"
#include "campaign/wire.h"
#include "corpus/case_file.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

constexpr std::chrono::milliseconds kHangWhileShrinking = std::chrono::seconds(1);

struct Task {
  std::size_t index;  ///< into the plan's failures
  bool shrink;
};

problem::Case draw(const FailuresPlan& plan, const Found& found) {
  return draw_found(plan.options, plan.pairs[found.pair], found.k);
}

/// Lane of phase 3: takes tasks from the board; sends which failure it was, the case as text and
/// how it went.
class ShrinkLane {
 public:
  ShrinkLane(const FailuresPlan& plan, const std::vector<Task>& tasks)
      : plan_(plan),
        tasks_(tasks),
        pool_(plan.options.kernels, plan.options.session, plan.options.open),
        impatient_(plan.options.kernels, impatient(plan.options.session), plan.options.open) {}

  void run(const Channel& channel) {
    LaneState& state = plan_.board.lane(static_cast<std::size_t>(channel.lane()));
    while (!plan_.board.stop() && interruptions() == 0) {
      const std::int64_t next = plan_.board.next_task().fetch_add(1);
      if (next >= static_cast<std::int64_t>(tasks_.size())) return;
      state.item = next;
      const Task& task = tasks_[static_cast<std::size_t>(next)];
      const Found& found = plan_.failing[task.index];
      const Shrunk shrunk = work(task);
      channel.send(WireWriter()
                       .integer(static_cast<std::int64_t>(found.pair))
                       .integer(static_cast<std::int64_t>(found.k))
                       .text(corpus::write_case(shrunk.minimal))
                       .verdict(shrunk.verdict)
                       .integer(shrunk.shrunk ? 1 : 0)
                       .text(shrunk.why_not)
                       .take());
    }
  }

 private:
  /// Every hang that is judged costs the whole timeout, and a shrink judges dozens.
  static kernels::SessionOptions impatient(kernels::SessionOptions session) {
    session.timeout = std::min<std::chrono::milliseconds>(session.timeout, kHangWhileShrinking);
    return session;
  }

  Shrunk work(const Task& task) {
    const Found& found = plan_.failing[task.index];
    const Pair& pair = plan_.pairs[found.pair];
    const problem::Case drawn = draw(plan_, found);
    const HistoryOf history = [&] {
      return draw_history(plan_.options, plan_.pairs, found.history);
    };
    if (!task.shrink) {
      return confirm_case(*pair.property, drawn, found.verdict, pool_.harness(pair.kernel),
                          history);
    }
    const bool hangs = found.verdict.status == problem::Status::kHang;
    Shrunk shrunk = shrink_case(*pair.property, drawn, found.verdict,
                                (hangs ? impatient_ : pool_).harness(pair.kernel),
                                plan_.options.shrink, history);
    if (!hangs) return shrunk;
    const problem::Verdict confirmed =
        properties::run_check(*pair.property, shrunk.minimal, pool_.harness(pair.kernel));
    if (confirmed.failed()) {
      shrunk.verdict = confirmed;  // it names the full timeout
      return shrunk;
    }
    shrunk =
        confirm_case(*pair.property, drawn, found.verdict, pool_.harness(pair.kernel), history);
    if (shrunk.why_not.empty()) shrunk.why_not = "smaller ones are slow and do not hang";
    return shrunk;
  }

  const FailuresPlan& plan_;
  const std::vector<Task>& tasks_;
  KernelPool pool_;
  KernelPool impatient_;
};

/// Takes over what a lane said of a failure. Messages of other failures are passed over.
void apply(const FailuresPlan& plan, std::vector<Failure>& failures, std::string_view message) {
  WireReader reader(message);
  const auto pair = static_cast<std::size_t>(reader.integer());
  const auto k = static_cast<std::uint64_t>(reader.integer());
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (plan.failing[i].pair != pair || plan.failing[i].k != k) continue;
    Failure& failure = failures[i];
    failure.minimal = corpus::parse_case(reader.text(), "a shrunk case");
    failure.verdict = reader.verdict();
    failure.shrunk = reader.integer() != 0;
    failure.why_not_shrunk = reader.text();
    if (!failure.shrunk && failure.why_not_shrunk.empty()) {
      failure.why_not_shrunk =
          fmt::format("--max-shrinks leaves it at {} per kernel", plan.options.max_shrinks);
    }
    return;
  }
}

bool is_done(const FailuresPlan& plan, const Found& found) {
  return std::any_of(plan.done.begin(), plan.done.end(), [&](const std::string& message) {
    WireReader reader(message);
    const auto pair = static_cast<std::size_t>(reader.integer());
    return pair == found.pair && static_cast<std::uint64_t>(reader.integer()) == found.k;
  });
}

}  // namespace

std::vector<std::size_t> choose_shrinks(const FailuresPlan& plan) {
  const auto kernel_of = [&](std::size_t i) { return plan.pairs[plan.failing[i].pair].kernel; };
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < plan.failing.size(); ++i) order.push_back(i);
  const auto later = [&](std::size_t i) {
    return !plan.pairs[plan.failing[i].pair].property->id.starts_with("oracle.");
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return later(a) < later(b); });
  // The how manieth of its class on its kernel each one is.
  std::map<std::pair<std::size_t, std::string>, int> of_class;
  std::vector<int> rank(plan.failing.size());
  for (const std::size_t i : order) {
    rank[i] = of_class[{kernel_of(i), plan.failing[i].verdict.failure_class}]++;
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rank[a] < rank[b]; });
  std::map<std::size_t, int> taken;  // by kernel
  std::vector<std::size_t> chosen;
  for (const std::size_t i : order) {
    if (taken[kernel_of(i)]++ < plan.options.max_shrinks) chosen.push_back(i);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<Failure> file_failures(const FailuresPlan& plan, const std::function<void()>& on_tick) {
  const std::vector<std::size_t> chosen = choose_shrinks(plan);
  std::vector<Task> tasks;
  std::vector<Failure> failures;
  for (std::size_t i = 0; i < plan.failing.size(); ++i) {
    failures.push_back(drawn_failure(plan.options, plan.pairs, plan.failing[i], "interrupted"));
    if (is_done(plan, plan.failing[i])) continue;
    tasks.push_back({i, std::binary_search(chosen.begin(), chosen.end(), i)});
  }
  for (const std::string& message : plan.done) apply(plan, failures, message);

  if (interruptions() == 0 && !tasks.empty()) {
    CrewOptions crew;
    crew.lanes =
        static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(plan.jobs), tasks.size()));
    crew.inline_lane = plan.options.session.in_process;
    crew.on_tick = on_tick;
    crew.on_interrupt = [&] { plan.board.stop() = true; };
    crew.journals = plan.journals;
    crew.tag = kShrunkTag;
    crew.describe = [&](int lane) {
      const std::int64_t item = plan.board.lane(static_cast<std::size_t>(lane)).item;
      const Task& task = tasks[static_cast<std::size_t>(std::max<std::int64_t>(item, 0))];
      const Found& found = plan.failing[task.index];
      const Pair& pair = plan.pairs[found.pair];
      return fmt::format("the shrinking of case {} of {} on {} (seed {})", found.k,
                         pair.property->id, plan.options.kernels[pair.kernel].name,
                         plan.options.seed);
    };
    crew.on_message = [&](std::string_view message) { apply(plan, failures, message); };
    plan.board.next_task() = 0;
    run_crew(crew, [&](const Channel& channel) { ShrinkLane(plan, tasks).run(channel); });
  }
  for (Failure& failure : failures) {
    try {
      failure.path =
          save_failure(failure.minimal, folder_of(plan.options, failure.pair, failure.verdict));
    } catch (const SystemError& error) {
      failure.why_not_saved = error.what();
    }
  }
  return failures;
}

Failure drawn_failure(const Options& options, const std::vector<Pair>& pairs, const Found& found,
                      const std::string& why_not_shrunk) {
  Failure failure;
  failure.pair = pairs[found.pair];
  failure.k = found.k;
  failure.original = draw_found(options, failure.pair, found.k);
  failure.minimal = failure.original;
  failure.minimal.expected = expectation_of(found.verdict);
  failure.verdict = found.verdict;
  failure.signature = signature_of(failure.pair.property->id, found.verdict);
  failure.seen = found.seen;
  failure.why_not_shrunk = why_not_shrunk;
  return failure;
}

std::filesystem::path folder_of(const Options& options, const Pair& pair,
                                const problem::Verdict& verdict) {
  if (!options.out) return options.failures;
  return *options.out / kFailuresFolder / signature_of(pair.property->id, verdict);
}

problem::Case draw_found(const Options& options, const Pair& pair, std::uint64_t k) {
  problem::Case drawn = case_of(options, pair, k);
  drawn.note = options.exhaustive ? fmt::format("attest fuzz --exhaustive, case {}", k)
                                  : fmt::format("attest fuzz --seed {}, case {}", options.seed, k);
  return drawn;
}

std::filesystem::path failure_path(const problem::Case& value,
                                   const std::filesystem::path& folder) {
  return folder / (corpus::case_name(value) + std::string(corpus::kCaseSuffix));
}

std::filesystem::path save_failure(const problem::Case& value,
                                   const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw SystemError(fmt::format("{}: cannot make this folder for failures: {}", path_text(folder),
                                  error.message()));
  }
  const std::filesystem::path path = failure_path(value, folder);
  corpus::save_case(value, path);
  return path;
}

}  // namespace attest::campaign
