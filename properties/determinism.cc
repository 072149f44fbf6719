// Family determinism: the same call gives the same bits, whatever ran before it. Tested where
// promised.
#include <string>

#include "problem/schedule.h"
#include "properties/families.h"
#include "properties/generate.h"
#include "properties/graph_replay.h"
#include "properties/harness.h"
#include "properties/other_call.h"
#include "properties/plan_once.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Verdict;

Verdict check_run_to_run(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run a = harness.attend(scene);
  if (a.failure) return *a.failure;
  const Run b = harness.attend(scene);
  if (b.failure) return *b.failure;
  return harness.same(scene, b.out, a.out, true);
}

/// Between two equal calls the same kernel object serves others: sequences reversed and repeated,
/// with other junk in every unused place, then longer ones with other features.
Verdict check_after_other(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  std::vector<std::int64_t> order;
  for (std::int64_t b = scene.problem.batch(); b-- > 0;) order.push_back(b);
  if (kernels::contains(harness.info().capabilities.batch, scene.problem.batch() + 1) &&
      !order.empty()) {
    order.push_back(order.front());
  }
  Scene other = reorder_sequences(scene, order);
  other.junk_seed = problem::derive_seed(scene.junk_seed, 3);
  if (!harness.supported(scene) || !harness.supported(other))
    return Verdict::skipped("outside the declaration");
  // What earlier checks left behind would be in the first call, too, and hide what this one leaves.
  harness.session().restart();
  const Run a = harness.attend(scene);
  if (a.failure) return *a.failure;
  const Run between = harness.attend(other);
  if (between.failure) return *between.failure;
  const Scene changed = harness.scene(other_call(value, harness.info()));
  if (harness.supported(changed)) {
    const Run otherwise = harness.attend(changed);
    if (otherwise.failure) return *otherwise.failure;
  }
  Scene again = scene;
  if (repeats_bits_over_junk(harness.info())) again.junk_seed = other.junk_seed;
  const Run b = harness.attend(again);
  if (b.failure) return *b.failure;
  return harness.same(scene, b.out, a.out, true);
}

/// The case's own schedule against each policy: what holds on a GPU in whatever order its threads
/// run must hold here.
Verdict check_schedule(const Case& value, Harness& harness) {
  using problem::SchedulePolicy;
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run first = harness.attend(scene);
  if (first.failure) return *first.failure;
  const auto seed =
      static_cast<std::uint32_t>(problem::derive_seed(value.plan.schedule_seed, scene.junk_seed));
  for (const SchedulePolicy policy :
       {SchedulePolicy::kInOrder, SchedulePolicy::kReverse, SchedulePolicy::kPermutation,
        SchedulePolicy::kWarpShuffle, SchedulePolicy::kRandom}) {
    harness.session().set_schedule({.policy = policy, .seed = seed});
    const Run run = harness.attend(scene);
    if (run.failure) return *run.failure;
    Verdict verdict = harness.same(scene, run.out, first.out, true);
    if (!verdict.failed()) continue;
    verdict.message += std::string(", with threads ") + problem::name_of(policy);
    return verdict;
  }
  return harness.same(scene, first.out, first.out, true);
}

/// While the call's stream is held up, over memory that holds NaN: what is launched on the default
/// stream, or waits for nothing, reads that.
Verdict check_stream(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const InDeviceMode mode(harness.session(), kernels::DeviceMode::kHeldStream);
  const Run run = harness.attend(scene);
  if (run.failure) return *run.failure;
  return harness.judge(scene, harness.expect(scene), run.out);
}

bool has_streams(const kernels::KernelInfo& info) {
  return info.capabilities.device == ATTEST_CUDA && can_attend(info);
}

bool has_schedules(const kernels::KernelInfo& info) {
  return info.on_executor && can_attend(info) && repeats_bits(info);
}

bool repeats(const kernels::KernelInfo& info) { return can_attend(info) && repeats_bits(info); }

}  // namespace

std::span<const Property> determinism_family() {
  static const Property family[] = {
      {.id = "determinism.run_to_run",
       .claim = "the same call twice gives the same bits",
       .kills = "counter_not_reset, block_counter_kept",
       .file = __FILE__,
       .line = __LINE__,
       .applies = repeats,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_run_to_run},
      {.id = "determinism.after_other",
       .claim = "a call gives the same bits after another call on the same kernel object and over "
                "dirty memory",
       .kills = "one_page_too_many, mask_survives_call, counter_not_reset",
       .file = __FILE__,
       .line = __LINE__,
       .applies = repeats,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_after_other},
      {.id = "determinism.schedule",
       .claim =
           "CUDA code on the SIMT executor gives the same bits whatever order its threads run in",
       .kills = "warp_tree_unsynced, reduction_buffer_reused, block_sum_unsynced, "
                "logits_overwritten, tile_overwritten",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_schedules,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_schedule},
      {.id = "determinism.plan_reused",
       .claim = "a plan serves shorter sequences and other tables as a plan of their own would",
       .kills = "combine_reads_empty_split",
       .file = __FILE__,
       .line = __LINE__,
       .applies = reuses_plans,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_plan_reused},
      {.id = "determinism.stream",
       .claim = "on a GPU, a call runs on the stream that it is given and on no other",
       .kills = "",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_streams,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_stream},
      {.id = "determinism.graph",
       .claim =
           "a CUDA graph that was captured with longer sequences serves shorter and empty ones",
       .kills = "length_of_capture",
       .file = __FILE__,
       .line = __LINE__,
       .applies = replays_graphs,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_graph_replay},
  };
  return family;
}

}  // namespace attest::properties
