// Family determinism: the same call gives the same bits, whatever ran before it. Tested where
// promised.
#include "properties/families.h"
#include "properties/generate.h"
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

bool repeats(const kernels::KernelInfo& info) { return can_attend(info) && repeats_bits(info); }

}  // namespace

std::span<const Property> determinism_family() {
  static const Property family[] = {
      {.id = "determinism.run_to_run",
       .claim = "the same call twice gives the same bits",
       .kills = "counter_not_reset",
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
      {.id = "determinism.plan_reused",
       .claim = "a plan serves shorter sequences and other tables as a plan of their own would",
       .kills = "combine_reads_empty_split",
       .file = __FILE__,
       .line = __LINE__,
       .applies = reuses_plans,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_plan_reused},
  };
  return family;
}

}  // namespace attest::properties
