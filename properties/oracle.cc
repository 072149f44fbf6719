// Family oracle: outputs, LSE and partial states equal the definition, element by element, within
// the derived bound.
#include <algorithm>
#include <utility>

#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"
#include "properties/shrink_tree.h"
#include "properties/small_scope.h"
#include "properties/states.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Verdict;

Verdict judge_attend(const Case& value, Harness& harness, bool judge_o, bool judge_lse) {
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run run = harness.attend(scene);
  if (run.failure) return *run.failure;
  return harness.judge(scene, harness.expect(scene), run.out,
                       {.o = judge_o, .lse = judge_lse, .again = [&harness](const Scene& other) {
                          return harness.attend(other);
                        }});
}

Verdict check_output(const Case& value, Harness& harness) {
  return judge_attend(value, harness, true, false);
}
Verdict check_lse(const Case& value, Harness& harness) {
  return judge_attend(value, harness, false, true);
}

/// Both at once: a batch of the small scope holds as many problems as sequences.
Verdict check_small_scope(const Case& value, Harness& harness) {
  return judge_attend(value, harness, true, harness.info().has(ATTEST_FEATURE_LSE));
}

Verdict check_state(const Case& value, Harness& harness) {
  Scene scene = harness.scene(value);
  scene.problem.sinks.clear();  // a sink belongs to the whole, not to a part
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  if (value.plan.parts.empty()) return Verdict::skipped("no parts");
  Verdict worst = Verdict::pass();
  for (const auto& keys : value.plan.parts) {
    const Run run = harness.attend_partial(scene, keys);
    if (run.failure) return *run.failure;
    const oracle::ExpectOptions options{.keys = keys, .extra_merge_levels = 0};
    const auto again = [&](const Scene& other) {
      Run repeated = harness.attend_partial(other, keys);
      if (!repeated.failure) repeated.out = as_o_lse(repeated.out, harness.info());
      return repeated;
    };
    Verdict verdict =
        harness.judge(scene, harness.expect(scene, options), as_o_lse(run.out, harness.info()),
                      {.options = options, .again = again});
    if (verdict.status != problem::Status::kPass) return verdict;
    worst.severity = std::max(worst.severity, verdict.severity);
    if (!worst.suspicion) worst.suspicion = std::move(verdict.suspicion);
  }
  return worst;
}

bool returns_lse(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has(ATTEST_FEATURE_LSE);
}
bool returns_state(const kernels::KernelInfo& info) { return info.can(ATTEST_OP_ATTEND_PARTIAL); }

}  // namespace

std::span<const Property> oracle_family() {
  static const Property family[] = {
      {.id = "oracle.output",
       .claim = "every output element lies within the derived error bound of the definition",
       .kills = "self_not_attended, causal_top_left, acc_not_rescaled, "
                "running_max_from_zero, finite_minus_infinity, alibi_slope_exponent, "
                "softcap_ignored, alibi_sign, stale_tile_rows, thread_zero_only, "
                "zero_length_writes, half_accumulation, int16_column, "
                "scale_from_padded_dim, padded_lanes_read, last_stride_assumed, "
                "v_scale_dropped, x_split_order, fp8_p_underflows, query_unsynced, "
                "logits_unsynced, logit_past_tile, unwritten_parts_summed, "
                "divergent_barrier, shuffle_in_branch, full_mask_in_branch, "
                "shuffle_outside_mask, padding_logits_unwritten, tile_unsynced, "
                "row_past_tile, tile_rows_kept, keys_read_past_end, weights_unsynced, "
                "lost_updates, sum_of_thread_zero",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_attend,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {},
                          [info](Draw& draw, Case& value) { make_some_long(draw, info, value); });
           },
       .check = check_output},
      {.id = "oracle.lse",
       .claim = "every log-sum-exp lies within the derived error bound of the definition",
       .kills = "self_not_attended, causal_top_left, kv_end_ignores_prefix, "
                "alibi_slope_exponent, finite_lse_for_empty, lse_of_last_split",
       .file = __FILE__,
       .line = __LINE__,
       .applies = returns_lse,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}); },
       .check = check_lse},
      {.id = "oracle.small_scope",
       .claim = "outputs and LSE of every problem of up to 4 tokens are the definition's",
       .kills = "self_not_attended, causal_top_left, kv_end_ignores_prefix, window_off_by_one, "
                "page_floor_drops_tail, tree_window_by_index",
       .file = __FILE__,
       .line = __LINE__,
       .applies = [](const kernels::KernelInfo& info) { return small_scope(info).count() > 0; },
       .generate =
           [](const kernels::KernelInfo& info) {
             return rc::Gen<Case>([info](const rc::Random& random, int size) {
               const SmallScope& scope = small_scope(info);
               Draw draw(random, size);
               const auto last = static_cast<std::int64_t>(scope.count()) - 1;
               Case value = scope.batch(static_cast<std::uint64_t>(draw.between(0, last)));
               value.values.seed = draw.bits();  // the contents are given; this is for the junk
               return with_shrinks(std::move(value));
             });
           },
       .check = check_small_scope,
       .scope_size = [](const kernels::KernelInfo& info) { return small_scope(info).count(); },
       .scope_case = [](const kernels::KernelInfo& info,
                        std::uint64_t k) { return small_scope(info).batch(k); }},
      {.id = "oracle.state",
       .claim = "the partial state of any key range is the definition's",
       .kills = "lse_log2_merged_as_ln, empty_lse_plus_inf",
       .file = __FILE__,
       .line = __LINE__,
       .applies = returns_state,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {.parts = true}); },
       .check = check_state},
  };
  return family;
}

}  // namespace attest::properties
