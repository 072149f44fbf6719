// Family algebra: results that follow from what a weighted mean is, worked out without the oracle's
// values.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "oracle/visible.h"
#include "problem/special_values.h"
#include "properties/families.h"
#include "properties/generate.h"
#include "properties/harness.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Distribution;
using problem::Elements;
using problem::Verdict;

/// Calls visit(flat output row, b, row, head, KV head).
template <typename Visit>
void for_each_row(const problem::Problem& problem, Visit visit) {
  std::int64_t flat = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t row = 0; row < problem.sequences[b].q_len; ++row) {
      for (std::int64_t head = 0; head < problem.num_q_heads; ++head, ++flat) {
        visit(flat, b, row, head, head / problem.group());
      }
    }
  }
}

std::vector<std::int64_t> first_tokens(const problem::Problem& problem) {
  std::vector<std::int64_t> first{0};
  for (const auto& sequence : problem.sequences) first.push_back(first.back() + sequence.kv_len);
  return first;
}

/// V[token, kv_head, lane] of sequence b.
double value_of(const Scene& scene, std::int64_t first, std::int64_t token, std::int64_t kv_head,
                std::int64_t lane) {
  const auto& problem = scene.problem;
  return scene.inputs.v.value(static_cast<std::size_t>(
      ((first + token) * problem.num_kv_heads + kv_head) * problem.head_dim_v + lane));
}

/// Outputs that cancel to little stay normal numbers; in 16 bits and less they may not.
bool has_wide_range(problem::DType type) {
  return type == problem::DType::kF32 || type == problem::DType::kF64;
}

bool has_bare_v(const problem::Problem& problem) {
  return problem.v_scale.empty() && !problem.o_scale && !problem.v_is_k_prefix;
}

/// Kernels whose values are always lanes of their keys have no V of their own to choose.
bool can_choose_v(const kernels::KernelInfo& info) {
  return can_attend(info) &&
         (info.capabilities.layouts & ~ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_MLA_LATENT)) != 0;
}

/// Leaves the scales of values and outputs out: 1 then. Values in lanes of keys keep theirs.
void bare_v(Case& value) {
  auto& problem = value.problem();
  if (!problem.v_is_k_prefix) problem.v_scale.clear();
  problem.o_scale.reset();
}

/// Runs the scene and judges it against references whose values were replaced by `replace(flat, b,
/// row, kv_head, lane, reference)`; the bounds stay those of the oracle.
template <typename Replace>
Verdict check_replaced(const Scene& scene, Harness& harness, Replace replace) {
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run run = harness.attend(scene);
  if (run.failure) return *run.failure;
  oracle::Expected expected = harness.expect(scene);
  const auto& problem = scene.problem;
  for_each_row(problem, [&](std::int64_t flat, std::int64_t b, std::int64_t row, std::int64_t,
                            std::int64_t kv_head) {
    for (std::int64_t lane = 0; lane < problem.head_dim_v; ++lane) {
      auto& reference = expected.o[static_cast<std::size_t>(flat * problem.head_dim_v + lane)];
      if (reference.kind == oracle::Kind::kFinite) replace(b, row, kv_head, lane, reference);
    }
  });
  const oracle::Deviation deviation = oracle::compare(run.out.o, expected.o);
  if (!deviation.bad()) return Verdict::pass(deviation.severity);
  // The oracle must agree that the kernel is wrong, and says where in its own words.
  return harness.judge(scene, std::move(expected), run.out, {.lse = false});
}

Verdict check_constant_v(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (value.values.distribution != Distribution::kConstantV || !has_bare_v(scene.problem)) {
    return Verdict::skipped("V is not constant");
  }
  if (!scene.problem.sinks.empty()) return Verdict::skipped("a sink takes part of the weight");
  const auto first = first_tokens(scene.problem);
  for (std::int64_t i = 0; i < scene.problem.total_kv(); ++i) {
    for (std::int64_t x = 0; x < scene.problem.num_kv_heads * scene.problem.head_dim_v; ++x) {
      const std::int64_t row = scene.problem.num_kv_heads * scene.problem.head_dim_v;
      if (scene.inputs.v.bits(static_cast<std::size_t>(i * row + x)) !=
          scene.inputs.v.bits(static_cast<std::size_t>(x))) {
        return Verdict::skipped("V is not constant");
      }
    }
  }
  return check_replaced(scene, harness,
                        [&](std::int64_t b, std::int64_t row, std::int64_t kv_head,
                            std::int64_t lane, auto& reference) {
                          bool any = false;
                          for (std::int64_t j = 0; j < scene.problem.sequences[b].kv_len && !any;
                               ++j) {
                            any = oracle::visible(scene.problem, b, row, j);
                          }
                          if (!any || scene.problem.bias != problem::Bias::kNone) return;
                          reference.value = value_of(scene, first[b], 0, kv_head, lane);
                          reference.low = 0;
                          reference.ball = 0;
                        });
}

Verdict check_zero_q(const Case& value, Harness& harness) {
  Scene scene = harness.scene(value);
  auto& problem = scene.problem;
  if (value.values.distribution != Distribution::kUniform || !has_bare_v(problem))
    return Verdict::skipped("q is not 0");
  if (!problem.sinks.empty() || !problem.alibi_slopes.empty() ||
      problem.bias != problem::Bias::kNone) {
    return Verdict::skipped("scores differ for other reasons");
  }
  for (std::size_t i = 0; i < scene.inputs.q.size(); ++i) {
    if (scene.inputs.q.value(i) != 0) return Verdict::skipped("q is not 0");
  }
  const auto first = first_tokens(problem);
  return check_replaced(scene, harness,
                        [&](std::int64_t b, std::int64_t row, std::int64_t kv_head,
                            std::int64_t lane, auto& reference) {
                          long double sum = 0;
                          std::int64_t count = 0;
                          for (std::int64_t j = 0; j < problem.sequences[b].kv_len; ++j) {
                            if (!oracle::visible(problem, b, row, j)) continue;
                            sum += value_of(scene, first[b], j, kv_head, lane);
                            ++count;
                          }
                          if (count > 0) {
                            reference.value = sum / count;
                            reference.low = 0;
                          }
                        });
}

/// o lies between the smallest and the largest visible V (0 among them with a sink), up to the
/// bound.
Verdict check_hull(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (!has_bare_v(problem) || problem.bias != problem::Bias::kNone)
    return Verdict::skipped("no plain hull");
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const Run run = harness.attend(scene);
  if (run.failure) return *run.failure;
  oracle::Expected expected = harness.expect(scene);
  const auto first = first_tokens(problem);
  for_each_row(problem, [&](std::int64_t flat, std::int64_t b, std::int64_t row, std::int64_t,
                            std::int64_t kv_head) {
    for (std::int64_t lane = 0; lane < problem.head_dim_v; ++lane) {
      const auto at = static_cast<std::size_t>(flat * problem.head_dim_v + lane);
      auto& reference = expected.o[at];
      if (reference.kind != oracle::Kind::kFinite) continue;
      double low = problem.sinks.empty() ? kInfinity : 0.0;
      double high = -low;
      if (!problem.sinks.empty()) high = 0.0;
      for (std::int64_t j = 0; j < problem.sequences[b].kv_len; ++j) {
        if (!oracle::visible(problem, b, row, j)) continue;
        const double v = value_of(scene, first[b], j, kv_head, lane);
        low = std::min(low, v);
        high = std::max(high, v);
      }
      if (low > high) continue;
      // The nearest point of the hull is what the kernel must be within its bound of.
      const double got = run.out.o.value(at);
      if (std::isfinite(got)) {
        reference.value = std::clamp(got, low, high);
        reference.low = 0;
        reference.ball = 0;
      }
    }
  });
  const oracle::Deviation deviation = oracle::compare(run.out.o, expected.o);
  if (!deviation.bad()) return Verdict::pass(deviation.severity);
  return harness.judge(scene, std::move(expected), run.out, {.lse = false});
}

/// Makes rows that see a single key likelier: a window of the query's own token.
void one_key_each(Draw& draw, const kernels::KernelInfo& info, Case& value) {
  auto& problem = value.problem();
  bare_v(value);
  problem.bias = problem::Bias::kNone;
  if (draw.chance(40) && info.has(ATTEST_FEATURE_WINDOW_LEFT) && problem.mask.causal) {
    problem.mask.window_left = 0;
  }
}

Verdict check_single_key(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  if (!has_bare_v(problem) || !problem.sinks.empty() || problem.bias != problem::Bias::kNone) {
    return Verdict::skipped("not only the key's value");
  }
  const auto first = first_tokens(problem);
  bool any = false;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t row = 0; row < problem.sequences[b].q_len; ++row) {
      std::int64_t count = 0;
      for (std::int64_t j = 0; j < problem.sequences[b].kv_len; ++j)
        count += oracle::visible(problem, b, row, j) ? 1 : 0;
      any |= count == 1;
    }
  }
  if (!any) return Verdict::skipped("no row sees a single key");
  return check_replaced(scene, harness,
                        [&](std::int64_t b, std::int64_t row, std::int64_t kv_head,
                            std::int64_t lane, auto& reference) {
                          std::int64_t only = -1, count = 0;
                          for (std::int64_t j = 0; j < problem.sequences[b].kv_len && count < 2;
                               ++j) {
                            if (!oracle::visible(problem, b, row, j)) continue;
                            only = j;
                            ++count;
                          }
                          if (count != 1) return;
                          reference.value = value_of(scene, first[b], only, kv_head, lane);
                          reference.low = 0;
                          reference.ball = 0;
                        });
}

/// Scaling V by a power of two scales the output by it, bit for bit: nothing rounds differently
/// while every product stays in the normal range, which these distributions make sure of.
Verdict check_scale_v(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  const Distribution d = value.values.distribution;
  const bool tame = (d == Distribution::kUniform || d == Distribution::kNearTies) &&
                    problem.alibi_slopes.empty() && problem.bias == problem::Bias::kNone &&
                    problem.sinks.empty() && has_bare_v(problem) && !problem.o_scale &&
                    value.values.overrides.empty() && has_wide_range(problem.o_dtype) &&
                    has_wide_range(harness.info().declared_numerics().accumulate);
  if (!tame) return Verdict::skipped("products may leave the normal range");
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  constexpr double kFactor = 8.0;
  Scene scaled = scene;
  for (std::size_t i = 0; i < scaled.inputs.v.size(); ++i)
    scaled.inputs.v.set(i, scene.inputs.v.value(i) * kFactor);
  const Run a = harness.attend(scene);
  if (a.failure) return *a.failure;
  const Run b = harness.attend(scaled);
  if (b.failure) return *b.failure;
  Outputs back = b.out;
  for (std::size_t i = 0; i < back.o.size(); ++i) back.o.set(i, b.out.o.value(i) / kFactor);
  // Unwritten outputs are another property's finding and carry no scale.
  for (std::size_t i = 0; i < back.o.size(); ++i) {
    if (b.out.o.bits(i) == problem::unwritten_bits(back.o.type()))
      back.o.set_bits(i, b.out.o.bits(i));
  }
  return harness.same(scene, a.out, back, true);
}

/// Without any position in the problem, the order of the keys is invisible.
Verdict check_permute_keys(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  const auto& problem = scene.problem;
  const auto& mask = problem.mask;
  const bool positionless = !mask.causal && !mask.window_left && !mask.window_right &&
                            !mask.attention_chunk && mask.tree.empty() && mask.custom.empty() &&
                            problem.alibi_slopes.empty() && problem.bias == problem::Bias::kNone;
  if (!positionless || !harness.supported(scene)) return Verdict::skipped("positions matter");
  Scene permuted = scene;
  const auto first = first_tokens(problem);
  for (const bool is_k : {true, false}) {
    const Elements& from = is_k ? scene.inputs.k : scene.inputs.v;
    Elements& to = is_k ? permuted.inputs.k : permuted.inputs.v;
    const std::int64_t row =
        problem.num_kv_heads * (is_k ? problem.head_dim_qk : problem.head_dim_v);
    for (std::int64_t b = 0; b < problem.batch(); ++b) {
      const std::int64_t length = problem.sequences[b].kv_len;
      for (std::int64_t j = 0; j < length; ++j) {
        for (std::int64_t x = 0; x < row; ++x) {
          to.set_bits(static_cast<std::size_t>((first[b] + j) * row + x),
                      from.bits(static_cast<std::size_t>((first[b] + length - 1 - j) * row + x)));
        }
      }
    }
  }
  permuted.storage = plain_storage(problem, scene.storage.layout, scene.storage.page_size);
  const Run a = harness.attend(scene);
  if (a.failure) return *a.failure;
  const Run b = harness.attend(permuted);
  if (b.failure) return *b.failure;
  return harness.same(scene, b.out, a.out, false);
}

bool can_be_positionless(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has(ATTEST_FEATURE_NON_CAUSAL);
}
bool can_have_wide_outputs(const kernels::KernelInfo& info) {
  const std::uint32_t types =
      info.capabilities.o_dtypes != 0 ? info.capabilities.o_dtypes : info.capabilities.q_dtypes;
  const auto wide = ATTEST_DTYPE_BIT(ATTEST_F32) | ATTEST_DTYPE_BIT(ATTEST_F64);
  return can_choose_v(info) && repeats_bits(info) && (types & wide) != 0;
}

}  // namespace

std::span<const Property> algebra_family() {
  static const Property family[] = {
      {.id = "algebra.constant_v",
       .claim = "constant values come back as they are, whatever the scores",
       .kills = "acc_not_rescaled, self_not_attended, kv_head_modulo, half_accumulation",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_choose_v,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.no_sink = true, .distributions = {Distribution::kConstantV}},
                          [](Draw&, Case& value) { bare_v(value); });
           },
       .check = check_constant_v},
      {.id = "algebra.zero_q_is_mean",
       .claim = "with q = 0 the output is the mean of the visible values",
       .kills = "self_not_attended, causal_top_left, kv_end_ignores_prefix, "
                "page_floor_drops_tail, noncausal_skips_boundary_mask",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_choose_v,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.no_sink = true, .distributions = {Distribution::kUniform}},
                          [](Draw&, Case& value) {
                            bare_v(value);
                            value.problem().alibi_slopes.clear();
                            value.problem().bias = problem::Bias::kNone;
                          });
           },
       .check = check_zero_q},
      {.id = "algebra.hull",
       .claim = "every output lies between the smallest and the largest visible value",
       .kills = "acc_not_rescaled, running_max_from_zero, kv_head_modulo",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_choose_v,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {}, [](Draw&, Case& value) { bare_v(value); });
           },
       .check = check_hull},
      {.id = "algebra.single_key",
       .claim = "a row that sees one key returns its value",
       .kills = "self_not_attended, window_off_by_one, kv_end_ignores_prefix",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_choose_v,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.single_keys = true, .no_sink = true},
                          [info](Draw& draw, Case& value) { one_key_each(draw, info, value); });
           },
       .check = check_single_key},
      {.id = "algebra.scale_v",
       .claim = "values times a power of two give outputs times that power, bit for bit",
       .kills = "empty_row_unwritten",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_have_wide_outputs,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info,
                          {.plain_scores = true,
                           .no_sink = true,
                           .distributions = {Distribution::kUniform, Distribution::kNearTies}});
           },
       .check = check_scale_v},
      {.id = "algebra.permute_keys",
       .claim = "without positions in the mask, the order of the keys does not matter",
       .kills = "page_floor_drops_tail, one_page_too_many, lse_log2_merged_as_ln",
       .file = __FILE__,
       .line = __LINE__,
       .applies = can_be_positionless,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info, {.no_causal = true, .plain_scores = true});
           },
       .check = check_permute_keys},
  };
  return family;
}

}  // namespace attest::properties
