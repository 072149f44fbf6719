#include "campaign/stored.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "campaign/confirm.h"
#include "campaign/elapsed.h"
#include "campaign/interrupt.h"
#include "campaign/path_text.h"
#include "campaign/wire.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"
#include "properties/program_run.h"

namespace attest::campaign {
namespace {

// About 20 s in the definition of the oracle and 2 GiB of references and copies.
constexpr double kMaxWork = 1e10;
constexpr double kMaxElements = 1e8;

bool selected(const Options& options, const properties::Property* property) {
  return std::find(options.properties.begin(), options.properties.end(), property) !=
         options.properties.end();
}

double elements_of(const problem::Problem& problem) {
  const auto q = static_cast<double>(problem.total_q());
  const auto kv = static_cast<double>(problem.total_kv());
  const auto q_heads = static_cast<double>(problem.num_q_heads);
  const auto kv_heads = static_cast<double>(problem.num_kv_heads);
  const auto dims = static_cast<double>(problem.head_dim_qk + problem.head_dim_v);
  return (q * q_heads + kv * kv_heads) * dims;
}

}  // namespace

double work_of(const problem::Problem& problem) {
  double pairs = 0;
  for (const problem::Sequence& sequence : problem.sequences) {
    pairs += static_cast<double>(sequence.q_len) * static_cast<double>(sequence.kv_len);
  }
  return pairs * static_cast<double>(problem.num_q_heads) *
         static_cast<double>(problem.head_dim_qk + problem.head_dim_v);
}

double work_of(const problem::Program& program) {
  double work = 0;
  for (const problem::Call& call : program.calls) work += work_of(call.problem);
  return work;
}

void refuse_enormous(const problem::Case& value, const std::string& path) {
  const double work = work_of(value.program);
  if (work > kMaxWork) {
    throw CorpusError(path, fmt::format("problem: {:.1e} multiplications; a case that is run may "
                                        "need {:.0e} at most",
                                        work, kMaxWork));
  }
  double elements = 0;
  for (const problem::Call& call : value.program.calls) elements += elements_of(call.problem);
  // A pool may be far larger than the tokens in it.
  elements += static_cast<double>(value.storage.num_pages) *
              static_cast<double>(value.storage.page_size) *
              static_cast<double>(value.problem().num_kv_heads) *
              static_cast<double>(value.problem().head_dim_qk + value.problem().head_dim_v);
  if (elements > kMaxElements) {
    throw CorpusError(path, fmt::format("problem: {:.1e} elements of q, k and v in memory; a case "
                                        "that is run may have {:.0e} at most",
                                        elements, kMaxElements));
  }
}

const properties::Property& property_of(const problem::Case& value, const std::string& path) {
  const properties::Property* property = properties::find_property(value.property);
  if (property == nullptr) {
    throw CorpusError(path, fmt::format("property: '{}' is none of those that "
                                        "'attest list --properties' shows",
                                        problem::printable(value.property)));
  }
  return *property;
}

std::vector<StoredCase> read_stored(const std::vector<std::filesystem::path>& paths) {
  std::vector<StoredCase> stored;
  for (const std::filesystem::path& path : paths) {
    const std::string name = path_text(path);
    StoredCase entry{path, corpus::read_case(path), nullptr};
    entry.property = &property_of(entry.value, name);
    refuse_enormous(entry.value, name);
    for (const problem::Case& past : entry.value.history) {
      property_of(past, name);
      refuse_enormous(past, name);
    }
    stored.push_back(std::move(entry));
  }
  return stored;
}

bool may_serve(const kernels::KernelInfo& info, const StoredCase& stored) {
  return stored.property->applies(info) && !properties::unserved(info, stored.value);
}

namespace {

/// A few of each kernel at a time, in the order that they have: the next few of every kernel come
/// before those after them of any.
void group_by_kernel(const Options& options, std::vector<StoredTask>& tasks) {
  constexpr std::size_t kOfALane = 8;
  const std::size_t at_once = kOfALane * static_cast<std::size_t>(lanes_of(options));
  std::vector<std::size_t> seen(options.kernels.size(), 0);
  std::vector<std::pair<std::size_t, StoredTask>> turns;
  for (const StoredTask& task : tasks) turns.emplace_back(seen[task.kernel]++ / at_once, task);
  std::stable_sort(turns.begin(), turns.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second.kernel) < std::pair(b.first, b.second.kernel);
  });
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i] = turns[i].second;
}

}  // namespace

std::vector<StoredTask> make_stored_tasks(const Options& options,
                                          const std::vector<StoredCase>& stored) {
  std::vector<StoredTask> tasks;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (!selected(options, stored[i].property)) continue;
    for (std::size_t kernel = 0; kernel < options.kernels.size(); ++kernel) {
      if (may_serve(options.kernels[kernel], stored[i])) tasks.push_back({i, kernel});
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(), [&](const StoredTask& a, const StoredTask& b) {
    return work_of(stored[a.stored].value.program) < work_of(stored[b.stored].value.program);
  });
  if (opens_slowly(options)) group_by_kernel(options, tasks);
  return tasks;
}

void stored_lane(const StoredPlan& plan, const Channel& channel) {
  KernelPool pool(plan.options.kernels, plan.options.session, plan.options.open);
  LaneState& state = plan.board.lane(static_cast<std::size_t>(channel.lane()));
  while (!plan.board.stop() && interruptions() == 0) {
    if (plan.deadline && Clock::now() >= *plan.deadline) return;
    const std::int64_t next = plan.board.next_task().fetch_add(1);
    if (next >= static_cast<std::int64_t>(plan.tasks.size())) return;
    if (!plan.done.empty() && plan.done[static_cast<std::size_t>(next)]) continue;
    state.item = next;
    const StoredTask& task = plan.tasks[static_cast<std::size_t>(next)];
    const StoredCase& stored = plan.stored[task.stored];
    properties::Harness& harness = pool.harness(task.kernel);
    harness.second_looks(true);
    harness.session().take_disturbed();
    problem::Verdict verdict = properties::run_check(*stored.property, stored.value, harness);
    if (verdict.failed() && harness.session().take_disturbed()) {
      verdict = settle(*stored.property, stored.value, harness);
    }
    // What other stored cases left behind in the process is not this one's fault. Nor is what other
    // kernels did to the device's service, which cannot happen twice.
    for (bool disturbed = verdict.failed(); disturbed;) {
      verdict = confirm(*stored.property, stored.value, verdict, harness).verdict;
      disturbed = verdict.failed() && harness.session().take_disturbed();
    }
    channel.send(WireWriter().integer(next).verdict(verdict).take());
  }
}

StoredVerdict parse_stored_verdict(std::string_view message) {
  WireReader reader(message);
  StoredVerdict result;
  result.task = static_cast<std::size_t>(reader.integer());
  result.verdict = reader.verdict();
  return result;
}

std::vector<StoredResult> collect_stored(const StoredPlan& plan,
                                         const std::vector<StoredVerdict>& verdicts) {
  std::vector<std::optional<problem::Verdict>> by_task(plan.tasks.size());
  for (const StoredVerdict& entry : verdicts) by_task[entry.task] = entry.verdict;

  std::vector<StoredResult> results;
  for (std::size_t i = 0; i < plan.stored.size(); ++i) {
    const StoredCase& stored = plan.stored[i];
    if (!selected(plan.options, stored.property)) continue;
    bool served = false;
    for (std::size_t task = 0; task < plan.tasks.size(); ++task) {
      if (plan.tasks[task].stored != i) continue;
      const auto& verdict = by_task[task];
      if (verdict && verdict->status == problem::Status::kSkipped) continue;
      served = true;
      const std::string& kernel = plan.options.kernels[plan.tasks[task].kernel].name;
      results.push_back({stored.path, stored.property, kernel, verdict});
    }
    if (!served) results.push_back({stored.path, stored.property, "", std::nullopt});
  }
  return results;
}

}  // namespace attest::campaign
