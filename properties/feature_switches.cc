#include "properties/feature_switches.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace attest::properties {
namespace {

using problem::Bias;
using problem::Case;
using problem::Problem;
using problem::Scales;

/// Half of the keys at most, so that some are left out.
std::int64_t draw_narrow(Draw& draw, const Problem& problem) {
  return draw.between(0, std::max<std::int64_t>(problem.max_kv_len() / 2 - 1, 0));
}

/// One scale per head, each another: a kernel that takes one for all is wrong somewhere.
Scales draw_scales(Draw& draw, std::int64_t heads) {
  static const std::vector<double> values{0.5, 0.75, 1.5, 2.0, 3.0, 0.25};
  const std::int64_t first = draw.between(0, 5);
  Scales scales;
  for (std::int64_t h = 0; h < heads; ++h)
    scales.push_back(values[static_cast<std::size_t>((first + h) % 6)]);
  return scales;
}

void soften(Draw& draw, Case& value) {
  value.problem().softcap = draw.pick(std::vector<double>{0.5, 1.0, 2.0});
}

void slope(Draw& draw, Case& value) {
  auto& problem = value.problem();
  const std::int64_t first = draw.between(0, 2);
  problem.alibi_slopes.clear();
  for (std::int64_t h = 0; h < problem.num_q_heads; ++h)
    problem.alibi_slopes.push_back(std::ldexp(1.0, -static_cast<int>((first + h) % 4)));
}

void sink(Draw& draw, Case& value) {
  auto& problem = value.problem();
  problem.sinks.clear();
  for (std::int64_t h = 0; h < problem.num_q_heads; ++h)
    problem.sinks.push_back(static_cast<double>(draw.between(-8, 16)) / 8.0);
}

void mask_bits(Draw& draw, Case& value) {
  auto& mask = value.problem().mask;
  if (!mask.tree.empty()) return;  // one or the other
  mask.custom.clear();
  for (const auto& sequence : value.problem().sequences) {
    auto& bits = mask.custom.emplace_back();
    for (std::int64_t i = 0; i < sequence.q_len * sequence.kv_len; ++i)
      bits.push_back(draw.chance(50) ? 1 : 0);
  }
}

constexpr auto kSwitches = std::to_array<FeatureSwitch>({
    {"causal mask", ATTEST_FEATURE_CAUSAL,
     [](const Problem& p) { return p.mask.causal && p.mask.tree.empty(); },
     [](Scene& s) { s.problem.mask.causal = false; },
     [](Draw&, Case& c) { c.problem().mask.causal = true; }},
    {"left window", ATTEST_FEATURE_WINDOW_LEFT,
     [](const Problem& p) { return p.mask.window_left.has_value(); },
     [](Scene& s) { s.problem.mask.window_left.reset(); },
     [](Draw& d, Case& c) { c.problem().mask.window_left = draw_narrow(d, c.problem()); }},
    {"right window", ATTEST_FEATURE_WINDOW_RIGHT | ATTEST_FEATURE_NON_CAUSAL,
     [](const Problem& p) { return p.mask.window_right.has_value(); },
     [](Scene& s) { s.problem.mask.window_right.reset(); },
     [](Draw& d, Case& c) {
       c.problem().mask.window_right = draw_narrow(d, c.problem());
       c.problem().mask.causal = false;
       c.problem().mask.tree.clear();
     }},
    {"attention chunk", ATTEST_FEATURE_ATTENTION_CHUNK,
     [](const Problem& p) { return p.mask.attention_chunk.has_value(); },
     [](Scene& s) { s.problem.mask.attention_chunk.reset(); },
     [](Draw& d, Case& c) { c.problem().mask.attention_chunk = 1 + draw_narrow(d, c.problem()); }},
    {"tree", ATTEST_FEATURE_TREE, [](const Problem& p) { return !p.mask.tree.empty(); },
     [](Scene& s) { s.problem.mask.tree.clear(); }, nullptr},
    {"custom mask", ATTEST_FEATURE_CUSTOM_MASK,
     [](const Problem& p) { return !p.mask.custom.empty(); },
     [](Scene& s) { s.problem.mask.custom.clear(); }, mask_bits},
    {"softcap", ATTEST_FEATURE_SOFTCAP, [](const Problem& p) { return p.softcap != 0; },
     [](Scene& s) { s.problem.softcap = 0; }, soften},
    {"ALiBi", ATTEST_FEATURE_ALIBI, [](const Problem& p) { return !p.alibi_slopes.empty(); },
     [](Scene& s) { s.problem.alibi_slopes.clear(); }, slope},
    {"bias", ATTEST_FEATURE_BIAS, [](const Problem& p) { return p.bias != Bias::kNone; },
     [](Scene& s) {
       s.problem.bias = Bias::kNone;
       s.inputs.bias = {};
     },
     [](Draw& d, Case& c) { c.problem().bias = d.chance(50) ? Bias::kPerHead : Bias::kShared; }},
    {"sink", ATTEST_FEATURE_SINK, [](const Problem& p) { return !p.sinks.empty(); },
     [](Scene& s) { s.problem.sinks.clear(); }, sink},
    {"start_pos", ATTEST_FEATURE_START_POS,
     [](const Problem& p) {
       return std::any_of(p.sequences.begin(), p.sequences.end(),
                          [](const auto& sequence) { return sequence.start_pos.has_value(); });
     },
     [](Scene& s) {
       for (auto& sequence : s.problem.sequences) sequence.start_pos.reset();
     },
     nullptr},
    {"q_scale", ATTEST_FEATURE_SCALES, [](const Problem& p) { return !p.q_scale.empty(); },
     [](Scene& s) { s.problem.q_scale.clear(); },
     [](Draw& d, Case& c) { c.problem().q_scale = draw_scales(d, c.problem().num_q_heads); }},
    {"k_scale", ATTEST_FEATURE_SCALES,
     [](const Problem& p) { return !p.k_scale.empty() && !p.v_is_k_prefix; },
     [](Scene& s) { s.problem.k_scale.clear(); },
     [](Draw& d, Case& c) {
       c.problem().k_scale = draw_scales(d, c.problem().num_kv_heads);
       if (c.problem().v_is_k_prefix) c.problem().v_scale = c.problem().k_scale;
     }},
    {"v_scale", ATTEST_FEATURE_SCALES,
     [](const Problem& p) { return !p.v_scale.empty() && !p.v_is_k_prefix; },
     [](Scene& s) { s.problem.v_scale.clear(); },
     [](Draw& d, Case& c) {
       c.problem().v_scale = draw_scales(d, c.problem().num_kv_heads);
       if (c.problem().v_is_k_prefix) c.problem().k_scale = c.problem().v_scale;
     }},
});

}  // namespace

std::span<const FeatureSwitch> feature_switches() { return kSwitches; }

}  // namespace attest::properties
