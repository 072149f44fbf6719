#include "campaign/file_failures.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "campaign/crew.h"
#include "campaign/interrupt.h"
#include "campaign/kernel_pool.h"
#include "campaign/wire.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

constexpr std::chrono::milliseconds kHangWhileShrinking = std::chrono::seconds(1);

struct Task {
  const Found* found;
  bool shrink;
};

problem::Case draw(const FailuresPlan& plan, const Found& found) {
  return draw_found(plan.options, plan.pairs[found.pair], found.k);
}

/// Lane of phase 3: takes tasks from the board; sends the index, the case as text and how it went.
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
      const Shrunk shrunk = work(tasks_[static_cast<std::size_t>(next)]);
      channel.send(WireWriter()
                       .integer(next)
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
    const Found& found = *task.found;
    const Pair& pair = plan_.pairs[found.pair];
    const problem::Case drawn = draw(plan_, found);
    if (!task.shrink) {
      return confirm_case(*pair.property, drawn, found.verdict, pool_.harness(pair.kernel));
    }
    const bool hangs = found.verdict.status == problem::Status::kHang;
    Shrunk shrunk =
        shrink_case(*pair.property, drawn, found.verdict,
                    (hangs ? impatient_ : pool_).harness(pair.kernel), plan_.options.shrink);
    if (!hangs) return shrunk;
    const problem::Verdict confirmed =
        properties::run_check(*pair.property, shrunk.minimal, pool_.harness(pair.kernel));
    if (confirmed.failed()) {
      shrunk.verdict = confirmed;  // it names the full timeout
      return shrunk;
    }
    shrunk = confirm_case(*pair.property, drawn, found.verdict, pool_.harness(pair.kernel));
    if (shrunk.why_not.empty()) shrunk.why_not = "smaller ones are slow and do not hang";
    return shrunk;
  }

  const FailuresPlan& plan_;
  const std::vector<Task>& tasks_;
  KernelPool pool_;
  KernelPool impatient_;
};

/// What is known of a failure before phase 3 has looked at it.
Failure as_drawn(const FailuresPlan& plan, const Found& found) {
  Failure failure;
  failure.pair = plan.pairs[found.pair];
  failure.k = found.k;
  failure.original = draw(plan, found);
  failure.minimal = failure.original;
  failure.minimal.expected = expectation_of(found.verdict);
  failure.verdict = found.verdict;
  failure.why_not_shrunk = "interrupted";
  return failure;
}

}  // namespace

std::vector<std::size_t> choose_shrinks(const FailuresPlan& plan) {
  std::vector<std::size_t> order;
  for (const auto& [pair, found] : plan.failing) order.push_back(pair);
  const auto later = [&](std::size_t pair) {
    return !plan.pairs[pair].property->id.starts_with("oracle.");
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return later(a) < later(b); });
  std::map<std::size_t, int> taken;  // by kernel
  std::vector<std::size_t> chosen;
  for (const std::size_t pair : order) {
    if (taken[plan.pairs[pair].kernel]++ < plan.options.max_shrinks) chosen.push_back(pair);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<Failure> file_failures(const FailuresPlan& plan, const std::function<void()>& on_tick) {
  const std::vector<std::size_t> chosen = choose_shrinks(plan);
  std::vector<Task> tasks;
  std::vector<Failure> failures;
  for (const auto& [pair, found] : plan.failing) {
    tasks.push_back({&found, std::binary_search(chosen.begin(), chosen.end(), pair)});
    failures.push_back(as_drawn(plan, found));
  }
  if (tasks.empty()) return failures;

  if (interruptions() == 0) {
    CrewOptions crew;
    crew.lanes =
        static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(plan.jobs), tasks.size()));
    crew.inline_lane = plan.options.session.in_process;
    crew.on_tick = on_tick;
    crew.on_interrupt = [&] { plan.board.stop() = true; };
    crew.describe = [&](int lane) {
      const std::int64_t item = plan.board.lane(static_cast<std::size_t>(lane)).item;
      const Found& found = *tasks[static_cast<std::size_t>(std::max<std::int64_t>(item, 0))].found;
      const Pair& pair = plan.pairs[found.pair];
      return fmt::format("the shrinking of case {} of {} on {} (seed {})", found.k,
                         pair.property->id, plan.options.kernels[pair.kernel].name,
                         plan.options.seed);
    };
    crew.on_message = [&](std::string_view message) {
      WireReader reader(message);
      const auto index = static_cast<std::size_t>(reader.integer());
      Failure& failure = failures[index];
      failure.minimal = corpus::parse_case(reader.text(), "a shrunk case");
      failure.verdict = reader.verdict();
      failure.shrunk = reader.integer() != 0;
      failure.why_not_shrunk = reader.text();
      if (!failure.shrunk && failure.why_not_shrunk.empty()) {
        failure.why_not_shrunk =
            fmt::format("--max-shrinks leaves it at {} per kernel", plan.options.max_shrinks);
      }
    };
    plan.board.next_task() = 0;
    run_crew(crew, [&](const Channel& channel) { ShrinkLane(plan, tasks).run(channel); });
  }
  for (Failure& failure : failures) {
    try {
      failure.path = save_failure(failure.minimal, plan.options.failures);
    } catch (const SystemError& error) {
      failure.why_not_saved = error.what();
    }
  }
  return failures;
}

problem::Case draw_found(const Options& options, const Pair& pair, std::uint64_t k) {
  problem::Case drawn = case_of(options, pair, k);
  drawn.note = options.exhaustive ? fmt::format("attest fuzz --exhaustive, case {}", k)
                                  : fmt::format("attest fuzz --seed {}, case {}", options.seed, k);
  return drawn;
}

std::filesystem::path save_failure(const problem::Case& value,
                                   const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw SystemError(fmt::format("{}: cannot make this folder for failures: {}",
                                  problem::printable(folder.string(), 400), error.message()));
  }
  const std::filesystem::path path =
      folder / (corpus::case_name(value) + std::string(corpus::kCaseSuffix));
  corpus::save_case(value, path);
  return path;
}

}  // namespace attest::campaign
