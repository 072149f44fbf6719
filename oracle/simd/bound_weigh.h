// What becomes of the weight of each key. Included by bound_pass_impl.h.
#pragma once

#include "oracle/simd/bound_pass.h"
#include "oracle/simd/bound_survey.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// How many keys reach each threshold: Ranks of oracle/rescales.h. [32], padded with the last.
inline void count_ranks(const Scratch& scratch, const BoundWork& work, std::int64_t r,
                        bool has_sink, float* ranks) {
  const BoundRow& row = work.rows[r];
  const F32x16 top = splat16(static_cast<float>(row.top));
  const F32x16 per_step = splat16(static_cast<float>(1 / row.step));
  // A key reaches threshold i (and all after it) when it is at most i + 1 steps below the top.
  const F32x16 most = splat16(kRankSteps + 1), down = splat16(-0.501F), zero = splat16(0);
  unsigned char* to = work.steps;
  for (std::int64_t p = scratch.first_panel; p < scratch.last_panel; ++p, to += kPanel) {
    const F32x16 steps = fma(top - load16(work.t + panel_entry(r, p * kPanel)), per_step, down);
    store_bytes(to, larger(smaller(steps, most), zero));
  }
  for (; (to - work.steps) % 128 != 0; ++to) *to = 255;
  std::int64_t counts[kRankSteps];
  count_bytes<kRankSteps>(work.steps, to - work.steps, counts);
  const double sink = has_sink ? 1 : 0;
  for (int i = 0; i < 32; ++i) {
    const double count = i < kRankSteps ? static_cast<double>(counts[i]) : row.count;
    ranks[i] = static_cast<float>((count + sink) * (1 + 0x1p-22));
  }
}

/// Keys that may come out above one of score top - way: those that reach a threshold at or below
/// it. steps = (way + slack) / step; the threshold below is found by rounding, a little down.
ATTEST_SIMD_INLINE F32x16 rank_of(F32x16 steps, const float* ranks) {
  const F32x16 index =
      larger(smaller(steps, splat16(kRankSteps + 0.4F)) - splat16(0.499F), splat16(0));
  return look_up32(ranks, index + splat16(0x1.8p23F));
}

/// kPlain: no softcap, no extras, no merges.
template <bool kDeclared, bool kPlain>
void weigh_row(const Block& block, const Scratch& scratch, const BoundKeys& keys, std::int64_t r,
               BoundWork& work) {
  const BlockRow& row = block.rows[r];
  BoundRow& to = work.rows[r];
  const float norm_squares = static_cast<float>(to.norm_squares);
  alignas(64) float ranks[32];
  if (to.use_ranks) count_ranks(scratch, work, r, row.has_sink, ranks);
  const bool has_extra = !kPlain && row.extra_size != nullptr && to.max_extra > 0;
  ScoreConstants scores = *to.scores;
  KeyConstants constants = *to.keys;
  if constexpr (kPlain) scores.softcap = constants.joint = constants.p_floor = 0;
  // A hidden key has a weight of 0; all it needs is a finite score.
  const F32x16 zero = splat16(0), far = splat16(0x1p50F);
  const F32x16 top = splat16(static_cast<float>(to.top));
  const F32x16 cap = splat16(static_cast<float>(constants.cap));
  const F32x16 negligible = splat16(static_cast<float>(-kNegligible - to.log_weight));
  const F32x16 per_step = splat16(static_cast<float>(1 / to.step));
  const F32x16 slack_steps = splat16(static_cast<float>(to.slack / to.step * (1 + 0x1p-20)));
  const F32x16 blend = splat16(static_cast<float>(to.blend));
  const F32x16 inverse_l = splat16(static_cast<float>(to.inverse_l));
  F32x16 spread = zero, loss = zero, below = zero, weight = zero, common = zero;
  F32x16 max_rho = zero, max_common = zero, squared = zero;
  for (std::int64_t p = scratch.first_panel; p < scratch.last_panel; ++p) {
    const std::int64_t entry = panel_entry(r, p * kPanel);
    const F32x16 prob =
        inverse_l * rounded(load(scratch.weights + entry), load(scratch.weights + entry + 8));
    const F32x16 way = smaller(larger(top - load16(work.t + entry), zero), far);
    // (A hidden key may have left -inf here.)
    const F32x16 dot = larger(load16(scratch.dots + entry), splat16(-0x1p50F));
    const F32x16 s = magnitude(dot);
    const F32x16 extra = has_extra ? extra_of(row, p, keys.keys->count) : zero;
    const F32x16 size = load16(work.size + entry);
    const F32x16 delta = score_error(s, size, extra, magnitude(top) + way, scores, has_extra);
    const F32x16 rank = to.use_ranks ? rank_of(fma(way, per_step, slack_steps), ranks) : cap;
    const KeyTerms<F32x16> key = key_terms(prob, way, delta, rank, constants);
    // A key with a weight of nothing may err as it likes, while that leaves it nothing.
    max_rho = larger(select_less(key.rho - way, negligible, zero, key.rho), max_rho);
    spread += key.spread;
    loss += key.loss;
    if constexpr (!kPlain) below += key.below;
    weight += key.weight;
    if constexpr (!kPlain) {
      max_common = larger(key.common, max_common);
      common = fma(key.weight, key.common, common);
    }
    F32x16 around = key.spread + key.loss;
    if constexpr (!kPlain) around += key.below;
    store(work.around + entry, fma(blend, key.weight, around));
    if (!to.blended) store(work.weight + entry, key.weight);
    if constexpr (kDeclared) {
      const F32x16 squares = splat16(norm_squares) * load16(keys.norm_squares + p * kPanel);
      const F32x16 variance = weight_variance(squares, s, way, extra, *to.deviations);
      squared = fma(prob, prob, squared);
      store(work.deviation + entry, prob * sqrt(variance));
      store(work.tilt + entry, prob * dot);
    }
  }
  to.spread = sum_lanes(spread);
  to.loss = sum_lanes(loss);
  to.below = sum_lanes(below);
  to.weight = sum_lanes(weight);
  to.common = sum_lanes(common);
  to.squares = sum_lanes(squared);
  to.max_rho = largest_of(max_rho);
  to.max_common = largest_of(max_common);
  to.linear = to.max_rho < 0.5;
}

inline void weigh(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                  BoundWork& work) {
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    if (!work.rows[r].wanted) continue;
    const BoundRow& row = work.rows[r];
    const bool plain = row.max_extra == 0 && row.scores->softcap == 0 && row.keys->joint == 0 &&
                       row.keys->p_floor == 0 && row.keys->common == 0;
    if (work.declared) {
      plain ? weigh_row<true, true>(block, scratch, keys, r, work)
            : weigh_row<true, false>(block, scratch, keys, r, work);
    } else {
      plain ? weigh_row<false, true>(block, scratch, keys, r, work)
            : weigh_row<false, false>(block, scratch, keys, r, work);
    }
  }
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
