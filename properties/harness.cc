#include "properties/harness.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "problem/errors.h"
#include "properties/junk.h"
#include "properties/placement.h"
#include "properties/run_failure.h"
#include "properties/states.h"
#include "properties/stopwatch.h"

namespace attest::properties {
namespace {

using kernels::Outcome;
using kernels::Role;
using kernels::RunResult;
using problem::Elements;
using problem::Range;
using problem::Verdict;

/// What became of a call: how it ended, and what it did to memory that was not its own.
void conclude(const RunResult& result, const kernels::Launch& launch, Run& run) {
  run.path = result.path;
  run.failure = failure_of(result, launch);
}

State read_state(const attest_state& state) {
  State out{read_tensor(state.o), read_tensor(state.lse)};
  if (state.l.data != nullptr) out.lse = join(out.lse, read_tensor(state.l));
  return out;
}

/// Asks plan() for a workspace, if the kernel has one, and fills it as the convention says. `kept`:
/// what earlier calls left of a workspace that is zeroed once.
RunResult plan_workspace(kernels::Session& session, const Scene& scene, kernels::Launch& launch,
                         std::vector<std::byte>& kept, attest_attend& call) {
  const auto& info = session.info();
  if (!info.has_plan) return {};
  attest_plan_result plan{};
  plan.struct_size = sizeof plan;
  RunResult result = session.plan(&call, &plan);
  if (!result.ok()) return result;
  if (plan.workspace_bytes > launch.arena().capacity() / 2) {
    return {Outcome::kFailed,
            "asked for a workspace of " + std::to_string(plan.workspace_bytes) + " bytes",
            {}};
  }
  std::byte* workspace = launch.add("workspace", Role::kScratch, plan.workspace_bytes,
                                    std::max<std::size_t>(plan.workspace_alignment, 16));
  bool poisoned = false;
  problem::PoisonKind kind{};
  for (const auto& poison : scene.poisons) {
    if (poison.place == problem::PoisonPlace::kWorkspace) {
      poisoned = true;
      kind = poison.kind;
    }
  }
  if (info.conventions.workspace_before == ATTEST_WORKSPACE_ZEROED_ONCE) {
    kept.resize(std::max(kept.size(), plan.workspace_bytes));  // what is new of it is zero
    if (plan.workspace_bytes > 0) std::memcpy(workspace, kept.data(), plan.workspace_bytes);
  } else if (info.conventions.workspace_before == ATTEST_WORKSPACE_ZEROED) {
    std::memset(workspace, 0, plan.workspace_bytes);
  } else if (poisoned && kind == problem::PoisonKind::kNaN) {
    std::memset(workspace, 0xff, plan.workspace_bytes);
  } else {
    fill_junk(workspace, plan.workspace_bytes,
              scene.junk_seed + (poisoned ? 7 + static_cast<std::uint64_t>(kind) : 6));
  }
  call.workspace = workspace;
  call.workspace_bytes = plan.workspace_bytes;
  return result;
}

}  // namespace

void Harness::begin_check() { kept_workspace_.clear(); }

void Harness::keep_workspace(const RunResult& result, const void* workspace, std::size_t bytes) {
  if (info().conventions.workspace_before != ATTEST_WORKSPACE_ZEROED_ONCE) return;
  if (!result.ok()) {
    kept_workspace_.clear();
  } else if (bytes > 0) {
    std::memcpy(kept_workspace_.data(), workspace, bytes);
  }
}

Scene Harness::scene(const problem::Case& value) {
  const Stopwatch watch(statistics_.generate_ns);
  return scene_of(value);
}

bool Harness::supported(const Scene& scene) {
  if (kernels::unsupported(info(), scene.problem, scene.storage)) return false;
  if (!info().has_supports) return true;
  kernels::Launch launch(session_.arena());
  attest_attend* call = place(scene, info(), launch, true);
  RunResult result;
  const bool served = session_.supports(call, &result);
  // A crash in supports() is a finding, not a case to skip: the call that follows reports it.
  broken_supports_ = unfinished(result, launch);
  return served || broken_supports_;
}

Outputs read_outputs(const attest_attend& call) {
  Outputs out;
  out.o = read_tensor(call.o);
  if (call.lse.data != nullptr) out.lse = read_tensor(call.lse);
  return out;
}

Run Harness::attend(const Scene& scene) {
  Run run;
  run.failure = std::exchange(broken_supports_, std::nullopt);
  if (run.failure) return run;
  kernels::Launch launch(session_.arena());
  attest_attend* call = place(scene, info(), launch, true);
  RunResult result = plan_workspace(session_, scene, launch, kept_workspace_, *call);
  if (result.ok()) {
    launch.seal();
    const void* const workspace = call->workspace;
    const std::size_t bytes = call->workspace_bytes;
    result = session_.attend(call);
    ++statistics_.kernel_calls;
    keep_workspace(result, workspace, bytes);
  }
  conclude(result, launch, run);
  if (run.failure) return run;
  run.out = read_outputs(*call);
  return run;
}

Run Harness::attend_partial(const Scene& scene, const std::vector<Range>& keys) {
  Run run;
  kernels::Launch launch(session_.arena());
  attest_attend* call = place(scene, info(), launch, false);
  auto* partial = new (launch.raw(sizeof(attest_attend_partial), alignof(attest_attend_partial)))
      attest_attend_partial{};
  partial->struct_size = sizeof(attest_attend_partial);
  std::vector<std::int32_t> begin, end;
  for (const Range& range : keys) {
    begin.push_back(static_cast<std::int32_t>(range.begin));
    end.push_back(static_cast<std::int32_t>(range.end));
  }
  partial->kv_begin = launch.ints("kv_begin", begin);
  partial->kv_end = launch.ints("kv_end", end);
  const auto& problem = scene.problem;
  partial->out =
      place_output_state(info(), problem.total_q(), problem.num_q_heads, problem.head_dim_v,
                         problem.o_dtype, launch, scene.storage.strides);
  RunResult result = plan_workspace(session_, scene, launch, kept_workspace_, *call);
  if (result.ok()) {
    partial->call = *call;
    launch.seal();
    result = session_.attend_partial(partial);
    ++statistics_.kernel_calls;
    keep_workspace(result, call->workspace, call->workspace_bytes);
  }
  conclude(result, launch, run);
  if (run.failure) return run;
  run.out = read_state(partial->out);
  return run;
}

Run Harness::merge(std::int64_t rows, std::int64_t num_q_heads, std::int64_t head_dim_v,
                   const std::vector<State>& states, bool in_place,
                   const problem::Strides& strides) {
  const problem::Strides gaps = info().has(ATTEST_FEATURE_STRIDES) ? strides : problem::Strides{};
  Run run;
  kernels::Launch launch(session_.arena());
  launch.align_tensors(static_cast<std::size_t>(info().capabilities.base_alignment));
  auto* call = new (launch.raw(sizeof(attest_merge), alignof(attest_merge))) attest_merge{};
  call->struct_size = sizeof(attest_merge);
  call->num_states = static_cast<std::int32_t>(states.size());
  call->total_q = rows;
  call->num_q_heads = static_cast<std::int32_t>(num_q_heads);
  call->head_dim_v = static_cast<std::int32_t>(head_dim_v);
  auto* views = static_cast<attest_state*>(
      launch.raw(sizeof(attest_state) * states.size(), alignof(attest_state)));
  for (std::size_t s = 0; s < states.size(); ++s) {
    const Role role = in_place && s == 0 ? Role::kUpdated : Role::kInput;
    attest_state& view = *new (views + s) attest_state{};
    const std::string name = "states[" + std::to_string(s) + "]";
    const problem::Strides own = s % 2 == 1 ? gaps : problem::Strides{};
    view.o = place_rows(name + ".o", role, states[s].o.type(), rows, num_q_heads, head_dim_v, own.o,
                        launch);
    view.lse = place_lse(info(), name + ".lse", role, rows, num_q_heads, launch, own.lse);
    write_tensor(view.o, states[s].o);
    if (states_hold_sums(info())) {
      view.l = place_lse(info(), name + ".l", role, rows, num_q_heads, launch, own.lse);
      write_tensor(view.lse, half(states[s].lse, 0));
      write_tensor(view.l, half(states[s].lse, 1));
    } else {
      write_tensor(view.lse, states[s].lse);
    }
  }
  call->states = views;
  call->out = in_place ? views[0]
                       : place_output_state(info(), rows, num_q_heads, head_dim_v,
                                            states[0].o.type(), launch, gaps);
  launch.seal();
  const RunResult result = session_.merge(call);
  ++statistics_.kernel_calls;
  conclude(result, launch, run);
  if (run.failure) return run;
  run.out = read_state(call->out);
  return run;
}

}  // namespace attest::properties
