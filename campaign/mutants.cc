#include "campaign/mutants.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "campaign/board.h"
#include "campaign/crew.h"
#include "campaign/elapsed.h"
#include "campaign/errors.h"
#include "campaign/interrupt.h"
#include "campaign/mutant_lane.h"
#include "campaign/progress.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

using std::chrono::milliseconds;

Card blank_card(const Options& options) {
  Card card;
  card.properties = options.properties;
  card.seed = options.seed;
  card.cases = options.cases;
  if (!options.cases && !options.time) card.cases = kDefaultMutantCases;
  for (const kernels::KernelInfo& kernel : options.kernels) {
    CardBug& bug = card.bugs.emplace_back();
    bug.kernel = kernel;
  }
  for (const Pair& pair : make_pairs(options)) {
    card.bugs[pair.kernel].pairs.emplace_back().property = pair.property;
  }
  return card;
}

}  // namespace

Card run_mutants(const Options& options) {
  const Clock::time_point start = Clock::now();
  const Card blank = blank_card(options);
  std::size_t pairs = 0;
  std::vector<std::size_t> first_pair;
  for (const CardBug& bug : blank.bugs) {
    first_pair.push_back(pairs);
    pairs += bug.pairs.size();
  }
  if (pairs == 0) {
    throw NothingToDo("nothing to do: no selected property applies to a selected kernel");
  }
  Card card = blank;
  card.jobs = std::min(lanes_of(options), static_cast<int>(blank.bugs.size()));

  const InterruptGuard guard;
  const Board board(pairs, static_cast<std::size_t>(card.jobs));
  std::vector<std::size_t> order(blank.bugs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return blank.bugs[a].pairs.size() > blank.bugs[b].pairs.size();
  });
  MutantPlan plan{options, blank, board, first_pair, order, card.jobs, std::nullopt};
  if (options.time) plan.deadline = start + *options.time;
  Progress progress;
  std::vector<bool> entered(card.bugs.size(), false);
  CrewOptions crew;
  crew.lanes = card.jobs;
  crew.inline_lane = options.session.in_process;
  crew.on_message = [&](std::string_view message) { entered[enter_bug(message, card)] = true; };
  crew.on_interrupt = [&] { board.stop() = true; };
  crew.on_tick = [&] {
    ProgressNumbers numbers;
    numbers.phase = "planted bugs";
    numbers.elapsed = since(start);
    for (std::size_t i = 0; i < pairs; ++i) {
      const Counts counts = board.counts(i);
      numbers.cases += counts.cases;
      numbers.checks += counts.judged;
      if (board.pair(i).first_failure != kNoFailure) ++numbers.failures;
    }
    progress.show(numbers);
  };
  crew.describe = [&](int lane) {
    const LaneState& state = board.lane(static_cast<std::size_t>(lane));
    if (state.item < 0) return std::string("nothing yet");
    const CardBug& bug = blank.bugs[static_cast<std::size_t>(state.item)];
    return fmt::format("case {} of the properties on {} (seed {})", state.k.load(),
                       problem::printable(bug.kernel.name), options.seed);
  };
  try {
    run_crew(crew, [&](const Channel& channel) { mutant_lane(plan, channel); });
  } catch (const ContractError& error) {
    card.broken = error.what();  // what was found until then is reported
  } catch (const SystemError& error) {
    card.broken = error.what();
  }
  for (std::size_t i = 0; i < card.bugs.size(); ++i) {
    if (!entered[i]) card.bugs[i].ran_out_of_time = true;
  }
  progress.clear();
  card.elapsed = since(start);
  card.interrupted = interruptions() > 0;
  return card;
}

}  // namespace attest::campaign
