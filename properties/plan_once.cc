#include "properties/plan_once.h"

#include <algorithm>
#include <cstring>

#include "properties/families.h"
#include "properties/junk.h"
#include "properties/placement.h"
#include "properties/run_failure.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using kernels::Role;
using problem::Case;
using problem::Verdict;

}  // namespace

void fill_workspace(const kernels::KernelInfo& info, std::uint64_t seed, std::byte* workspace,
                    std::size_t bytes) {
  if (bytes == 0) return;
  if (info.conventions.workspace_before == ATTEST_WORKSPACE_ANYTHING) {
    fill_junk(workspace, bytes, seed);
  } else {
    std::memset(workspace, 0, bytes);
  }
}

kernels::RunResult place_workspace(Harness& harness, const Scene& scene, Launch& launch,
                                   attest_attend& call) {
  if (!harness.info().has_plan) return {};
  attest_plan_result plan{};
  plan.struct_size = sizeof plan;
  kernels::RunResult result = harness.session().plan(&call, &plan);
  if (!result.ok()) return result;
  std::byte* workspace = launch.add("workspace", Role::kScratch, plan.workspace_bytes,
                                    std::max<std::size_t>(plan.workspace_alignment, 16));
  fill_workspace(harness.info(), scene.junk_seed + 6, workspace, plan.workspace_bytes);
  call.workspace = workspace;
  call.workspace_bytes = plan.workspace_bytes;
  return result;
}

bool fixes_lengths(const problem::Problem& problem) {
  return !problem.mask.custom.empty() || !problem.mask.tree.empty() ||
         problem.bias != problem::Bias::kNone;
}

Case longer(const Case& value) {
  Case out = value;
  auto& problem = out.problem();
  for (std::size_t b = 0; b < problem.sequences.size(); ++b) {
    const std::uint64_t bits = problem::derive_seed(value.values.seed, 0x706c616e + b);
    problem.sequences[b].kv_len += static_cast<std::int64_t>(bits % 70);
  }
  out.storage = plain_storage(problem, value.storage.layout, value.storage.page_size);
  return out;
}

std::vector<Run> attend_with_plan_of(const Scene& planned, const std::vector<Scene>& scenes,
                                     Harness& harness) {
  const kernels::KernelInfo& info = harness.info();
  std::vector<Run> runs;
  attest_plan_result plan{};
  {
    Launch launch(harness.session().arena());
    attest_attend* call = place(planned, info, launch, true);
    plan.struct_size = sizeof plan;
    const kernels::RunResult result = harness.session().plan(call, &plan);
    runs.push_back({.out = {}, .failure = unfinished(result, launch)});
    if (runs.back().failure) return runs;
    runs.pop_back();
  }
  std::vector<std::byte> kept(plan.workspace_bytes);
  fill_workspace(info, planned.junk_seed + 6, kept.data(), kept.size());
  for (const Scene& scene : scenes) {
    Launch launch(harness.session().arena());
    attest_attend* call = place(scene, info, launch, true);
    std::byte* workspace = launch.add("workspace", Role::kScratch, kept.size(),
                                      std::max<std::size_t>(plan.workspace_alignment, 16));
    if (!kept.empty()) std::memcpy(workspace, kept.data(), kept.size());
    call->workspace = workspace;
    call->workspace_bytes = kept.size();
    launch.seal();
    const kernels::RunResult result = harness.session().attend(call);
    ++harness.statistics().kernel_calls;
    Run& run = runs.emplace_back();
    run.failure = failure_of(result, launch);
    if (run.failure) return runs;
    run.out = read_outputs(*call);
    if (!kept.empty()) std::memcpy(kept.data(), workspace, kept.size());
    if (info.conventions.workspace_before == ATTEST_WORKSPACE_ZEROED)
      std::fill(kept.begin(), kept.end(), std::byte{0});
  }
  return runs;
}

Verdict check_plan_reused(const Case& value, Harness& harness) {
  const auto& problem = value.problem();
  if (fixes_lengths(problem)) return Verdict::skipped("masks or biases as long as the keys");
  const Scene scene = harness.scene(value);
  const Scene planned = harness.scene(longer(value));
  if (!harness.supported(scene) || !harness.supported(planned))
    return Verdict::skipped("outside the kernel's declaration");
  const Run fresh = harness.attend(scene);
  if (fresh.failure) return *fresh.failure;
  const std::vector<Run> runs = attend_with_plan_of(planned, {scene, planned, scene}, harness);
  if (runs.back().failure) return *runs.back().failure;
  const bool exact =
      repeats_bits(harness.info()) && harness.info().promised(ATTEST_PROMISE_SPLIT_INVARIANT);
  Verdict whole = Verdict::pass();
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    Verdict verdict = harness.same(scene, runs[i].out, fresh.out, exact);
    if (verdict.status != problem::Status::kPass) return verdict;
    whole.severity = std::max(whole.severity, verdict.severity);
  }
  Verdict verdict = harness.judge(planned, harness.expect(planned), runs[1].out);
  if (verdict.failed()) return verdict;
  return whole;
}

bool reuses_plans(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has_plan && info.promised(ATTEST_PROMISE_PLAN_REUSED);
}

}  // namespace attest::properties
