// Family partition: any cuts of the keys, merged in any order over any tree, give the whole.
#include <algorithm>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"
#include "properties/states.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Verdict;

/// Depth of the merge tree: how many merges the deepest part goes through.
int tree_depth(const problem::Plan& plan) {
  std::vector<int> depth(plan.parts.size(), 0);
  int deepest = 0;
  for (const auto& step : problem::merge_steps(plan)) {
    int inputs = 0;
    for (std::int32_t index : step)
      inputs = std::max(inputs, depth[static_cast<std::size_t>(index)]);
    // An n-ary step may fold its operands one after the other.
    depth.push_back(inputs + std::max<int>(1, static_cast<int>(step.size()) - 1));
    deepest = std::max(deepest, depth.back());
  }
  return deepest;
}

Verdict check_cuts(const Case& value, Harness& harness) {
  Scene scene = harness.scene(value);
  scene.problem.sinks.clear();
  const auto& problem = scene.problem;
  if (value.plan.parts.empty()) return Verdict::skipped("no parts");
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const bool many = harness.info().has(ATTEST_FEATURE_MERGE_MANY);
  const auto steps = problem::merge_steps(value.plan);
  for (const auto& step : steps) {
    if (step.size() != 2 && !many) return Verdict::skipped("merges more than two states at once");
  }
  std::vector<State> states;
  for (const auto& keys : value.plan.parts) {
    Run run = harness.attend_partial(scene, keys);
    if (run.failure) return *run.failure;
    states.push_back(std::move(run.out));
  }
  for (const auto& step : steps) {
    std::vector<State> inputs;
    for (std::int32_t index : step) inputs.push_back(states[static_cast<std::size_t>(index)]);
    Run run = harness.merge(problem.total_q(), problem.num_q_heads, problem.head_dim_v, inputs,
                            false, scene.storage.strides);
    if (run.failure) return *run.failure;
    states.push_back(std::move(run.out));
  }
  // The result is a state too, over all keys.
  oracle::ExpectOptions options{.keys = {}, .extra_merge_levels = tree_depth(value.plan)};
  for (const auto& sequence : problem.sequences) options.keys.push_back({0, sequence.kv_len});
  return harness.judge(scene, harness.expect(scene, options),
                       as_o_lse(states.back(), harness.info()), {.options = options});
}

Verdict check_num_splits(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const bool exact = harness.info().promised(ATTEST_PROMISE_SPLIT_INVARIANT);
  const Run reference = harness.attend(scene);
  if (reference.failure) return *reference.failure;
  double worst = 0;
  const auto more_than_tokens =
      static_cast<std::int32_t>(std::min<std::int64_t>(scene.problem.max_kv_len() + 1, 64));
  for (const std::int32_t splits : {0, 1, 2, 5, more_than_tokens}) {
    if (splits == scene.num_splits) continue;
    Scene other = scene;
    other.num_splits = splits;
    if (!harness.supported(other)) continue;  // supports() may know a largest number
    const Run run = harness.attend(other);
    if (run.failure) return *run.failure;
    Verdict verdict = harness.same(scene, run.out, reference.out, exact);
    if (verdict.failed()) {
      verdict.message = "num_splits " + std::to_string(splits) + " against " +
                        std::to_string(scene.num_splits) + ": " + verdict.message;
      return verdict;
    }
    worst = std::max(worst, verdict.severity);
  }
  return Verdict::pass(worst);
}

/// States in a type smaller than the accumulation type round between the steps, which no bound of
/// the whole covers; oracle.state and monoid judge each step of such kernels by itself.
bool splits_and_merges(const kernels::KernelInfo& info) {
  const problem::DType sums = info.declared_numerics().accumulate;
  return info.can(ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_MERGE) &&
         (states_hold_sums(info) ||
          problem::unit_roundoff(widest_output(info)) <= problem::unit_roundoff(sums));
}
bool takes_num_splits(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has(ATTEST_FEATURE_NUM_SPLITS);
}

}  // namespace

std::span<const Property> partition_family() {
  static const Property family[] = {
      {.id = "partition.cuts",
       .claim = "any partition of the keys, in any order, merged over any tree, gives the whole",
       .kills = "both_empty_nan, lse_log2_merged_as_ln, empty_lse_plus_inf",
       .file = __FILE__,
       .line = __LINE__,
       .applies = splits_and_merges,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.parts = true, .no_sink = true});
           },
       .check = check_cuts},
      {.id = "partition.num_splits",
       .claim = "num_splits is a tuning knob: the result does not depend on it",
       .kills = "both_empty_nan, lse_log2_merged_as_ln, empty_split_nan, "
                "combine_reads_empty_split, split_remainder_lost, split_limit, "
                "sink_per_split",
       .file = __FILE__,
       .line = __LINE__,
       .applies = takes_num_splits,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_num_splits},
  };
  return family;
}

}  // namespace attest::properties
