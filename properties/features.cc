// Family features: a feature at its neutral value is the feature off, and a feature that is on is
// heard as the definition says. A feature that is accepted and ignored shows in no other family
// unless a case happens to hear it.
#include "properties/features.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "oracle/near.h"
#include "problem/special_values.h"
#include "properties/families.h"
#include "properties/feature_switches.h"
#include "properties/generate.h"
#include "properties/harness.h"
#include "properties/near.h"

namespace attest::properties {
namespace {

using problem::Case;
using problem::Distribution;
using problem::DType;
using problem::Elements;
using problem::Problem;
using problem::Scales;
using problem::Verdict;

/// Two scenes with one exact answer, or nearly one, give one result within their bounds: a feature
/// at its neutral value may take another path and round differently.
Verdict check_pair(const Scene& without, const Scene& with, Harness& harness) {
  if (const auto error = problem::find_error(with.problem)) return Verdict::skipped(*error);
  if (!harness.supported(without) || !harness.supported(with))
    return Verdict::skipped("outside the kernel's declaration");
  const Run off = harness.attend(without);
  if (off.failure) return *off.failure;
  const Run on = harness.attend(with);
  if (on.failure) return *on.failure;
  return near(with, on.out, without, off.out, harness);
}

// ---- Neutral values ----------------------------------------------------------------------------

/// The case's own softcap is far above its scores. What it still does to them is in the answers.
Verdict check_softcap_high(const Case& value, Harness& harness) {
  const Scene with = harness.scene(value);
  if (with.problem.softcap == 0) return Verdict::skipped("no softcap");
  Scene without = with;
  without.problem.softcap = 0;
  return check_pair(without, with, harness);
}

/// A bound grows with the softcap (tanh errs absolutely), its effect shrinks with the square.
void soften_little(Draw& draw, Case& value) {
  value.problem().softcap = std::ldexp(1.0, static_cast<int>(draw.between(5, 10)));
}

Verdict check_alibi_zero(const Case& value, Harness& harness) {
  Scene without = harness.scene(value);
  without.problem.alibi_slopes.clear();
  Scene with = without;
  with.problem.alibi_slopes.assign(static_cast<std::size_t>(with.problem.num_q_heads), 0.0);
  return check_pair(without, with, harness);
}

Verdict check_sink_off(const Case& value, Harness& harness) {
  Scene without = harness.scene(value);
  without.problem.sinks.clear();
  Scene with = without;
  with.problem.sinks.assign(static_cast<std::size_t>(with.problem.num_q_heads), -kInfinity);
  return check_pair(without, with, harness);
}

Verdict check_bias_zero(const Case& value, Harness& harness) {
  Scene without = harness.scene(value);
  const bool per_head = without.problem.bias == problem::Bias::kPerHead;
  without.problem.bias = problem::Bias::kNone;
  without.inputs.bias = {};
  Scene with = without;
  with.problem.bias = per_head ? problem::Bias::kPerHead : problem::Bias::kShared;
  std::int64_t pairs = 0;
  for (const auto& sequence : with.problem.sequences) pairs += sequence.q_len * sequence.kv_len;
  with.inputs.bias = Elements(
      DType::kF32, static_cast<std::size_t>(pairs * (per_head ? with.problem.num_q_heads : 1)));
  return check_pair(without, with, harness);
}

Verdict check_custom_ones(const Case& value, Harness& harness) {
  Scene without = harness.scene(value);
  without.problem.mask.custom.clear();
  Scene with = without;
  for (const auto& sequence : with.problem.sequences) {
    with.problem.mask.custom.emplace_back(
        static_cast<std::size_t>(sequence.q_len * sequence.kv_len), std::uint8_t{1});
  }
  return check_pair(without, with, harness);
}

/// Chunks are absolute: a row before position 0 is in another chunk than every key.
Verdict check_chunk_wide(const Case& value, Harness& harness) {
  Scene without = harness.scene(value);
  auto& problem = without.problem;
  problem.mask.attention_chunk.reset();
  std::int64_t most = 1;
  for (const auto& sequence : problem.sequences) {
    most = std::max(most, sequence.kv_len + std::abs(sequence.first_position()) + sequence.q_len);
    if (sequence.q_len > 0 && sequence.first_position() < 0 && !problem.mask.causal)
      return Verdict::skipped("rows before position 0");
  }
  Scene with = without;
  with.problem.mask.attention_chunk = most;
  return check_pair(without, with, harness);
}

void no_rows_before_zero(Draw&, Case& value) {
  auto& problem = value.problem();
  if (problem.mask.causal || !problem.mask.custom.empty()) return;
  for (auto& sequence : problem.sequences) {
    if (sequence.first_position() < 0 && !sequence.start_pos)
      sequence.q_len = std::min(sequence.q_len, sequence.kv_len);
  }
}

Verdict check_unit_scales(const Case& value, Harness& harness) {
  Scene without = harness.scene(value);
  auto& problem = without.problem;
  problem.q_scale.clear();
  problem.k_scale.clear();
  problem.v_scale.clear();
  Scene with = without;
  // One of each shape.
  with.problem.q_scale.assign(1, 1.0);
  with.problem.k_scale.assign(static_cast<std::size_t>(problem.num_kv_heads), 1.0);
  with.problem.v_scale.assign(static_cast<std::size_t>(problem.batch() * problem.num_kv_heads),
                              1.0);
  if (problem.v_is_k_prefix) with.problem.v_scale = with.problem.k_scale;
  return check_pair(without, with, harness);
}

// ---- Scales ------------------------------------------------------------------------------------

/// Elements times the scale of their head, as far as the type holds every product; `tokens` rows of
/// `heads` heads per sequence.
bool fold(Elements& tensor, const Scales& scales, const std::vector<std::int64_t>& tokens,
          std::int64_t heads, std::int64_t dim) {
  std::size_t at = 0;
  for (std::size_t b = 0; b < tokens.size(); ++b) {
    for (std::int64_t row = 0; row < tokens[b] * heads; ++row) {
      const auto head = static_cast<std::size_t>(row % heads);
      const auto all = static_cast<std::size_t>(heads);
      const double scale = scales.empty()        ? 1.0
                           : scales.size() == 1  ? scales[0]
                           : scales.size() > all ? scales[b * all + head]
                                                 : scales[head];
      for (std::int64_t lane = 0; lane < dim; ++lane, ++at) {
        const double product = tensor.value(at) * scale;
        tensor.set(at, product);
        if (std::isfinite(product) && tensor.value(at) != product) return false;
      }
    }
  }
  return true;
}

/// Powers of two moved from the scales into what is stored: the same values.
Verdict check_folded(const Case& value, Harness& harness) {
  const Scene apart = harness.scene(value);
  Scene folded = apart;
  auto& problem = folded.problem;
  if (problem.q_scale.empty() && problem.k_scale.empty() && problem.v_scale.empty())
    return Verdict::skipped("no scales");
  std::vector<std::int64_t> rows, tokens;
  for (const auto& sequence : problem.sequences) {
    rows.push_back(sequence.q_len);
    tokens.push_back(sequence.kv_len);
  }
  const bool exact =
      fold(folded.inputs.q, problem.q_scale, rows, problem.num_q_heads, problem.head_dim_qk) &&
      fold(folded.inputs.k, problem.k_scale, tokens, problem.num_kv_heads, problem.head_dim_qk) &&
      (problem.v_is_k_prefix ||
       fold(folded.inputs.v, problem.v_scale, tokens, problem.num_kv_heads, problem.head_dim_v));
  if (!exact) return Verdict::skipped("the folded values do not fit their types");
  for (Scales* scales : {&problem.q_scale, &problem.k_scale, &problem.v_scale})
    std::fill(scales->begin(), scales->end(), 1.0);
  // Sequences with scales of their own share no contents any more.
  folded.storage = plain_storage(problem, apart.storage.layout, apart.storage.page_size);
  return check_pair(folded, apart, harness);
}

/// Scales of every shape: one, one per head, one per sequence and head.
Scales draw_powers(Draw& draw, std::int64_t batch, std::int64_t heads) {
  const std::int64_t shape = draw.between(0, 2);
  const std::int64_t count = shape == 0 ? 1 : shape == 1 ? heads : batch * heads;
  Scales scales;
  for (std::int64_t i = 0; i < count; ++i)
    scales.push_back(std::ldexp(1.0, static_cast<int>(draw.between(-2, 3))));
  return scales;
}

void scale_by_powers(Draw& draw, Case& value) {
  auto& problem = value.problem();
  const bool with_q = draw.chance(30);
  problem.q_scale.clear();
  if (with_q) problem.q_scale = draw_powers(draw, problem.batch(), problem.num_q_heads);
  problem.k_scale = draw_powers(draw, problem.batch(), problem.num_kv_heads);
  problem.v_scale = draw_powers(draw, problem.batch(), problem.num_kv_heads);
  if (problem.v_is_k_prefix) problem.v_scale = problem.k_scale;
}

// ---- Features that are on ----------------------------------------------------------------------

/// The features of the scene that no right result can leave out, judged by the definition.
std::vector<const FeatureSwitch*> audible_features(const Scene& scene,
                                                   const oracle::Expected& expected,
                                                   Harness& harness) {
  std::vector<const FeatureSwitch*> audible;
  for (const FeatureSwitch& feature : feature_switches()) {
    if (!feature.in_use(scene.problem)) continue;
    Scene without = scene;
    feature.off(without);
    const oracle::Expected other = harness.expect(without, {.statistical = false});
    if (oracle::tell_apart(expected.o, other.o)) audible.push_back(&feature);
  }
  return audible;
}

Verdict check_heard(const Case& value, Harness& harness) {
  const Scene scene = harness.scene(value);
  if (!harness.supported(scene)) return Verdict::skipped("outside the kernel's declaration");
  const oracle::Expected expected = harness.expect(scene);
  const auto audible = audible_features(scene, expected, harness);
  if (audible.empty()) return Verdict::skipped("no feature that can be heard");
  const Run run = harness.attend(scene);
  if (run.failure) return *run.failure;
  Verdict verdict = harness.judge(scene, expected, run.out);
  if (verdict.failure_class != "value") return verdict;
  // Is it what the call would be without one of them?
  for (const FeatureSwitch* feature : audible) {
    Scene without = scene;
    feature->off(without);
    const oracle::Expected other = harness.expect(without, {.statistical = false});
    if (oracle::compare(run.out.o, other.o, scene.problem.o_scale.value_or(1.0)).bad()) continue;
    verdict.message += std::string("; this is the result without the ") + feature->name;
    break;
  }
  return verdict;
}

/// Switches one declared feature on, where it is heard.
void switch_on(const kernels::KernelInfo& info, Draw& draw, Case& value) {
  std::vector<const FeatureSwitch*> declared;
  for (const FeatureSwitch& feature : feature_switches()) {
    if (feature.on != nullptr && info.has(feature.feature)) declared.push_back(&feature);
  }
  if (declared.empty()) return;
  draw.pick(declared)->on(draw, value);
  // Beside a scale near 0 no score counts, and nothing that acts on scores is heard.
  if (value.problem().scale < 0.1) value.problem().scale = 0.25;
}

bool has_any_switch(const kernels::KernelInfo& info) {
  return can_attend(info) &&
         std::any_of(feature_switches().begin(), feature_switches().end(),
                     [&](const FeatureSwitch& feature) { return info.has(feature.feature); });
}

template <std::uint64_t kFeature>
bool attends_with(const kernels::KernelInfo& info) {
  return can_attend(info) && info.has(kFeature);
}

rc::Gen<Case> any_case(const kernels::KernelInfo& info) { return cases(info, {}); }

}  // namespace

std::span<const Property> features_family() {
  static const Property family[] = {
      {.id = "features.heard",
       .claim = "a feature that is on changes the result as the definition says",
       .kills = "softcap_ignored, window_ignored_on_decode, alibi_off_at_decode",
       .file = __FILE__,
       .line = __LINE__,
       .applies = has_any_switch,
       .generate =
           [](const kernels::KernelInfo& info) {
             return cases(info,
                          {.distributions = {Distribution::kNormal, Distribution::kOneHotV,
                                             Distribution::kCancellingV, Distribution::kCoherent,
                                             Distribution::kNeedle}},
                          [info](Draw& draw, Case& value) { switch_on(info, draw, value); });
           },
       .check = check_heard},
      {.id = "features.softcap_high",
       .claim = "a softcap far above every score is no softcap",
       .kills = "softcap_after_mask",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_SOFTCAP>,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {}, soften_little); },
       .check = check_softcap_high},
      {.id = "features.alibi_zero",
       .claim = "ALiBi slopes of 0 are no ALiBi",
       .kills = "combine_reads_empty_split",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_ALIBI>,
       .generate = any_case,
       .check = check_alibi_zero},
      {.id = "features.sink_off",
       .claim = "a sink of -infinity is no sink, also beside no key",
       .kills = "empty_lse_plus_inf",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_SINK>,
       .generate = [](const kernels::KernelInfo& info) { return cases(info, {.empties = true}); },
       .check = check_sink_off},
      {.id = "features.bias_zero",
       .claim = "a bias of 0 is no bias",
       .kills = "softcap_after_mask",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_BIAS>,
       .generate = any_case,
       .check = check_bias_zero},
      {.id = "features.custom_ones",
       .claim = "a custom mask of ones is no custom mask",
       .kills = "stale_tile_rows",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_CUSTOM_MASK>,
       .generate = any_case,
       .check = check_custom_ones},
      {.id = "features.chunk_wide",
       .claim = "an attention chunk longer than everything is none",
       .kills = "softcap_after_mask",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_ATTENTION_CHUNK>,
       .generate =
           [](const kernels::KernelInfo& info) { return cases(info, {}, no_rows_before_zero); },
       .check = check_chunk_wide},
      {.id = "features.scales_one",
       .claim = "scales of 1, in any shape, are no scales",
       .kills = "softcap_after_mask",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_SCALES>,
       .generate = any_case,
       .check = check_unit_scales},
      {.id = "features.scales_folded",
       .claim = "a power of two in a scale does what it does in the stored numbers",
       .kills = "v_scale_dropped, scale_of_head_zero",
       .file = __FILE__,
       .line = __LINE__,
       .applies = attends_with<ATTEST_FEATURE_SCALES>,
       .generate =
           [](const kernels::KernelInfo& info) {
             // Of most other numbers an 8-bit type does not hold the products.
             return cases(info, {.distributions = {Distribution::kLattice}}, scale_by_powers);
           },
       .check = check_folded},
  };
  return family;
}

}  // namespace attest::properties
