// Family monoid: merging attention states is associative and commutative, with the empty state as
// identity. States come from the definition, so only the kernel's merge is under test.
#include <algorithm>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"
#include "properties/states.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Verdict;

/// One merge through the kernel, judged; later merges go on from what it gave.
struct Merged {
  State state;
  Verdict verdict;
};

Merged merge(const Scene& scene, const std::vector<State>& states, Harness& harness,
             bool in_place = false) {
  const auto& problem = scene.problem;
  const Run run = harness.merge(problem.total_q(), problem.num_q_heads, problem.head_dim_v, states,
                                in_place, scene.storage.strides);
  if (run.failure) return {{}, *run.failure};
  return {run.out, judge_merge(scene, states, run.out, harness)};
}

std::optional<std::vector<State>> states_for(const Case& value, std::size_t at_least,
                                             const Scene& scene, Harness& harness) {
  if (value.plan.parts.size() < at_least || scene.problem.total_q() == 0) return std::nullopt;
  const auto& dims = harness.info().has(ATTEST_FEATURE_HEAD_DIM_V)
                         ? harness.info().capabilities.head_dim_v
                         : harness.info().capabilities.head_dim_qk;
  if (!kernels::contains(dims, scene.problem.head_dim_v)) return std::nullopt;
  return states_of_parts(scene, value.plan, harness.info());
}

bool is_bad(const Verdict& verdict) { return verdict.status != problem::Status::kPass; }

Verdict check_identity(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto states = states_for(value, 1, scene, harness);
  if (!states) return Verdict::skipped("no parts");
  const State empty = empty_state(scene, harness.info());
  double worst = 0;
  for (const State& state : *states) {
    for (const bool left : {true, false}) {
      const Merged merged =
          merge(scene, left ? std::vector{empty, state} : std::vector{state, empty}, harness);
      if (is_bad(merged.verdict)) return merged.verdict;
      worst = std::max(worst, merged.verdict.severity);
    }
  }
  return Verdict::pass(worst);
}

Verdict check_pair(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto states = states_for(value, 2, scene, harness);
  if (!states) return Verdict::skipped("fewer than two parts");
  double worst = 0;
  for (const bool swapped : {false, true}) {
    const Merged merged =
        merge(scene, {(*states)[swapped ? 1 : 0], (*states)[swapped ? 0 : 1]}, harness);
    if (is_bad(merged.verdict)) return merged.verdict;
    worst = std::max(worst, merged.verdict.severity);
  }
  return Verdict::pass(worst);
}

/// Follows the plan's merge tree, judging every step on what it was given.
Verdict check_tree(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  auto states = states_for(value, 2, scene, harness);
  if (!states) return Verdict::skipped("fewer than two parts");
  const bool many = harness.info().has(ATTEST_FEATURE_MERGE_MANY);
  double worst = 0;
  for (const auto& step : problem::merge_steps(value.plan)) {
    if (step.size() != 2 && !many) return Verdict::skipped("merges more than two states at once");
    std::vector<State> inputs;
    for (std::int32_t index : step) inputs.push_back((*states)[static_cast<std::size_t>(index)]);
    Merged merged = merge(scene, inputs, harness);
    if (is_bad(merged.verdict)) return merged.verdict;
    worst = std::max(worst, merged.verdict.severity);
    states->push_back(std::move(merged.state));
  }
  return Verdict::pass(worst);
}

Verdict check_in_place(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto states = states_for(value, 2, scene, harness);
  if (!states) return Verdict::skipped("fewer than two parts");
  return merge(scene, {(*states)[0], (*states)[1]}, harness, true).verdict;
}

/// In f64 only states that need no conversion to (o, lse) in nats are exact.
bool merges_checkably(const kernels::KernelInfo& info) {
  const bool converted = info.conventions.lse_base == ATTEST_LSE_BASE_2 || states_hold_sums(info);
  const bool f64 = info.declared_numerics().accumulate == problem::DType::kF64;
  return info.can(ATTEST_OP_MERGE) && !(converted && f64);
}
bool merges_in_place(const kernels::KernelInfo& info) {
  return merges_checkably(info) && info.has(ATTEST_FEATURE_MERGE_IN_PLACE);
}

rc::Gen<Case> state_cases(const kernels::KernelInfo& info) {
  return cases(info, {.parts = true, .no_sink = true});
}

}  // namespace

std::span<const Property> monoid_family() {
  static const Property family[] = {
      {.id = "monoid.identity",
       .claim = "merging with the empty state, on either side, changes nothing; two empty states "
                "give the empty state",
       .kills = "both_empty_nan, merge_without_max",
       .file = __FILE__,
       .line = __LINE__,
       .applies = merges_checkably,
       .generate = state_cases,
       .check = check_identity},
      {.id = "monoid.commutative",
       .claim = "two states merge to the exact result in either order",
       .kills = "both_empty_nan, lse_ln_merged_as_log2, merge_without_max",
       .file = __FILE__,
       .line = __LINE__,
       .applies = merges_checkably,
       .generate = state_cases,
       .check = check_pair},
      {.id = "monoid.tree",
       .claim = "states merge over any tree, each step exact for what it was given",
       .kills = "both_empty_nan, lse_ln_merged_as_log2, third_part_wrong_stride",
       .file = __FILE__,
       .line = __LINE__,
       .applies = merges_checkably,
       .generate = state_cases,
       .check = check_tree},
      {.id = "monoid.in_place",
       .claim = "a merge that overwrites its first operand gives the same result",
       .kills = "both_empty_nan, merge_in_place_alias",
       .file = __FILE__,
       .line = __LINE__,
       .applies = merges_in_place,
       .generate = state_cases,
       .check = check_in_place},
  };
  return family;
}

}  // namespace attest::properties
