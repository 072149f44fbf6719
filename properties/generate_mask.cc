// Masks and score modifiers.
#include <algorithm>
#include <cmath>

#include "properties/generate_parts.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::Problem;
using problem::Sequence;

namespace {

std::int64_t draw_window(Draw& draw, const Problem& problem, std::int64_t page) {
  const std::int64_t length = std::max<std::int64_t>(problem.max_kv_len(), 1);
  std::vector<std::int64_t> edges{0, 1, 2, length - 1, length, length + 1};
  if (page > 0) edges.insert(edges.end(), {page - 1, page, page + 1});
  if (draw.chance(30)) return draw.between(0, length);
  return std::max<std::int64_t>(draw.pick(edges), 0);
}

problem::Tree draw_tree(Draw& draw, const Sequence& sequence) {
  problem::Tree tree;
  const std::int64_t size = std::min(sequence.q_len, sequence.kv_len);
  for (std::int64_t t = 0; t < size; ++t) {
    const bool chain = draw.chance(40);
    const std::int64_t parent = chain ? t - 1 : draw.between(-1, t - 1);
    tree.parent.push_back(static_cast<std::int32_t>(parent));
  }
  return tree;
}

}  // namespace

void draw_mask(Draw& draw, const KernelInfo& info, const Wish& wish, std::int64_t page,
               Problem& problem) {
  auto& mask = problem.mask;
  const bool can_causal = info.has(ATTEST_FEATURE_CAUSAL);
  const bool can_not = info.has(ATTEST_FEATURE_NON_CAUSAL);
  const bool toss = draw.chance(60);
  mask.causal = can_causal && (!can_not || wish.causal || (!wish.no_causal && toss));
  if (wish.plain_scores) return;
  const bool left = draw.chance(wish.window ? 100 : 25);
  if (left && info.has(ATTEST_FEATURE_WINDOW_LEFT))
    mask.window_left = draw_window(draw, problem, page);
  const bool right = draw.chance(wish.window && !mask.window_left ? 100 : 25);
  if (right && info.has(ATTEST_FEATURE_WINDOW_RIGHT))
    mask.window_right = draw_window(draw, problem, page);
  if (info.has(ATTEST_FEATURE_ATTENTION_CHUNK) && draw.chance(12))
    mask.attention_chunk = draw.between(1, 1 + problem.max_kv_len());
  bool explicit_start = false;
  for (const auto& sequence : problem.sequences) explicit_start |= sequence.start_pos.has_value();
  if (info.has(ATTEST_FEATURE_TREE) && !wish.no_tree && mask.causal && !explicit_start &&
      draw.chance(12)) {
    for (const auto& sequence : problem.sequences) mask.tree.push_back(draw_tree(draw, sequence));
  } else if (info.has(ATTEST_FEATURE_CUSTOM_MASK) && draw.chance(12)) {
    const std::int64_t percent = draw.pick(std::vector<std::int64_t>{10, 50, 90});
    for (const auto& sequence : problem.sequences) {
      auto& bits = mask.custom.emplace_back();
      for (std::int64_t i = 0; i < sequence.q_len * sequence.kv_len; ++i) {
        bits.push_back(draw.chance(static_cast<int>(percent)) ? 1 : 0);
      }
    }
  }
}

void draw_modifiers(Draw& draw, const KernelInfo& info, const Wish& wish, Problem& problem) {
  const double dim = static_cast<double>(problem.head_dim_qk);
  const std::int64_t kind = draw.between(0, 9);
  problem.scale = kind < 6   ? round_f32(1.0 / std::sqrt(dim))
                  : kind < 7 ? 1.0
                  : kind < 8 ? 0.125
                  : kind < 9 ? round_f32(1.0 / dim)
                             : 0.7;
  problem.scale = round_f32(problem.scale);
  if (wish.plain_scores) return;
  if (info.has(ATTEST_FEATURE_SOFTCAP) && draw.chance(20)) {
    problem.softcap = draw.pick(std::vector<double>{1.0, 5.0, 30.0, 50.0});
  }
  if (info.has(ATTEST_FEATURE_ALIBI) && draw.chance(20)) {
    const std::int64_t first = draw.between(0, 4);
    for (std::int64_t h = 0; h < problem.num_q_heads; ++h) {
      problem.alibi_slopes.push_back(std::ldexp(1.0, -static_cast<int>(first + h % 8)));
    }
  }
  if (info.has(ATTEST_FEATURE_BIAS) && draw.chance(12)) {
    problem.bias = draw.chance(50) ? problem::Bias::kPerHead : problem::Bias::kShared;
  }
  if (info.has(ATTEST_FEATURE_SINK) && !wish.no_sink && draw.chance(20)) {
    for (std::int64_t h = 0; h < problem.num_q_heads; ++h) {
      problem.sinks.push_back(static_cast<double>(draw.between(-32, 32)) / 8.0);
    }
  }
}

}  // namespace attest::properties
