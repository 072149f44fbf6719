// Bodies of bound_pass.h for one instruction set. Included by bound_pass_<isa>.cc.
#pragma once

#include "oracle/simd/bound_pass.h"
#include "oracle/simd/math.h"
#include "oracle/simd/micro_kernels.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

ATTEST_SIMD_INLINE F32x16 splat_like(F32x16 /*like*/, double x) {
  return splat16(static_cast<float>(x));
}
ATTEST_SIMD_INLINE F64x8 splat_like(F64x8 /*like*/, double x) { return splat(x); }
ATTEST_SIMD_INLINE F64x8 mul_add(F64x8 a, F64x8 b, F64x8 c) { return fma(a, b, c); }
ATTEST_SIMD_INLINE F32x16 mul_add(F32x16 a, F32x16 b, F32x16 c) { return fma(a, b, c); }
/// a < b ? x : y
ATTEST_SIMD_INLINE F64x8 choose_less(F64x8 a, F64x8 b, F64x8 x, F64x8 y) {
  return select(less(a, b), x, y);
}
ATTEST_SIMD_INLINE F32x16 tanh(F32x16 x) {
  float lanes[16];
  store(lanes, x);
  store_rounded(lanes, tanh(load_widened(lanes)));
  store_rounded(lanes + 8, tanh(load_widened(lanes + 8)));
  return load16(lanes);
}
/// In pairs of pairs.
ATTEST_SIMD_INLINE double sum_lanes(F32x16 a) {
  float x[16];
  store(x, a);
  return sum_lanes(load_widened(x)) + sum_lanes(load_widened(x + 8));
}

/// Float numbers that stand for something at least as large as x.
ATTEST_SIMD_INLINE F64x8 raised(F64x8 x) { return x * splat(1 + 0x1p-22); }

/// kSquares: norm_squares and abs_k, too.
template <bool kSquares>
void pack_keys(BoundKeys& to) {
  const Keys& keys = *to.keys;
  for (std::int64_t p = 0; p < panels(keys.count); ++p) {
    for (std::int64_t h = 0; h < kPanel; h += 8) {
      const double* k = keys.k + p * keys.dim_qk * kPanel + h;
      F64x8 sum = splat(0.0), fourth = splat(0.0), most = splat(0.0);
      for (std::int64_t d = 0; d < keys.dim_qk; ++d, k += kPanel) {
        const F64x8 size = magnitude(load(k));
        sum += size;
        most = larger(size, most);
        if constexpr (kSquares) {
          const F64x8 square = size * size;
          fourth = fma(square, square, fourth);
          if (to.abs_k != nullptr) {
            store_rounded(to.abs_k + (p * keys.dim_qk + d) * kPanel + h, raised(size));
          }
        }
      }
      const std::int64_t at = p * kPanel + h;
      store_rounded(to.norm1 + at, raised(sum));
      store_rounded(to.norm2 + at, raised(load(keys.norm_k + at)));
      store_rounded(to.norm_max + at, raised(most));
      if constexpr (kSquares) store_rounded(to.norm_squares + at, raised(sqrt(fourth)));
    }
  }
}

inline bool pack_bounds(BoundKeys& to) {
  const Keys& keys = *to.keys;
  if (to.squares) {
    pack_keys<true>(to);
  } else {
    pack_keys<false>(to);
  }
  const std::int64_t values = panels(keys.dim_v) * panels(keys.count) * kPanel * kPanel;
  F64x8 lost = splat(0);
  for (std::int64_t i = 0; i < values; i += 8) {
    const F64x8 v = load(keys.v + i);
    store_rounded(to.v + i, v);
    lost = larger(magnitude(v - load_widened(to.v + i)), lost);
  }
  return largest_lane(lost) == 0;
}

/// Norms of |q|, each times the magnitude of the row's factor.
struct QueryNorms {
  float norm1, norm2, norm_max, norm_squares;
};

/// Doubles d ... d + 7 of an array of `count`, 0 beyond its end.
ATTEST_SIMD_INLINE F64x8 load_some(const double* array, std::int64_t d, std::int64_t count) {
  if (d + 8 <= count) return load(array + d);
  double x[8];
  for (std::int64_t i = 0; i < 8; ++i) x[i] = d + i < count ? array[d + i] : 0;
  return load(x);
}

inline QueryNorms norms_of(const BlockRow& row, std::int64_t dim, double& sum_abs_q) {
  F64x8 sum = splat(0), squares = splat(0), fourth = splat(0), most = splat(0);
  for (std::int64_t d = 0; d < dim; d += 8) {
    const F64x8 size = magnitude(load_some(row.q, d, dim));
    const F64x8 square = size * size;
    sum += size;
    squares += square;
    fourth = fma(square, square, fourth);
    most = larger(size, most);
  }
  sum_abs_q = sum_lanes(sum);
  const double factor = __builtin_fabs(row.factor) * (1 + 0x1p-22);
  return {static_cast<float>(sum_abs_q * factor),
          static_cast<float>(__builtin_sqrt(sum_lanes(squares)) * factor),
          static_cast<float>(largest_lane(most) * factor),
          static_cast<float>(__builtin_sqrt(sum_lanes(fourth)) * factor * factor)};
}

/// sum_d |q_d k_jd| of kRows rows with kPanels panels, into work.size; not yet times the factor.
template <int kRows, int kPanels>
void add_sizes(const BoundKeys& keys, std::int64_t panel, std::int64_t r, const BoundWork& work) {
  const std::int64_t dim = keys.keys->dim_qk;
  F32x16 sums[kPanels][kRows];
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) sums[p][i] = splat16(0);
  }
  const float* k = keys.abs_k + panel * dim * kPanel;
  const float* q = work.q + r;
  for (std::int64_t d = 0; d < dim; ++d, k += kPanel, q += kBlockRows) {
    F32x16 sizes[kPanels];
    ATTEST_SIMD_UNROLL
    for (int p = 0; p < kPanels; ++p) sizes[p] = load16(k + p * dim * kPanel);
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const F32x16 x = splat16(q[i]);
      ATTEST_SIMD_UNROLL
      for (int p = 0; p < kPanels; ++p) sums[p][i] = fma(x, sizes[p], sums[p][i]);
    }
  }
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      store(work.size + panel_entry(r + i, (panel + p) * kPanel), sums[p][i]);
    }
  }
}

template <int kPanels>
void add_sizes_of_rows(const Block& block, const BoundKeys& keys, std::int64_t panel,
                       const BoundWork& work) {
  std::int64_t r = 0;
  for (; r + 12 <= block.num_rows; r += 12) add_sizes<12, kPanels>(keys, panel, r, work);
  for (; r + 4 <= block.num_rows; r += 4) add_sizes<4, kPanels>(keys, panel, r, work);
  for (; r < block.num_rows; ++r) add_sizes<1, kPanels>(keys, panel, r, work);
}

inline void add_exact_sizes(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                            const BoundWork& work) {
  for (std::int64_t r = 0; r < kBlockRows; ++r) {
    for (std::int64_t d = 0; d < keys.keys->dim_qk; ++d) {
      const double q = r < block.num_rows ? block.rows[r].q[d] : 0;
      work.q[d * kBlockRows + r] = static_cast<float>(__builtin_fabs(q) * (1 + 0x1p-22));
    }
  }
  std::int64_t p = scratch.first_panel;
  for (; p + 2 <= scratch.last_panel; p += 2) add_sizes_of_rows<2>(block, keys, p, work);
  if (p < scratch.last_panel) add_sizes_of_rows<1>(block, keys, p, work);
}

/// 1 for keys the row sees, 0 for others, by its range alone.
inline F32x16 in_range(const BlockRow& row, std::int64_t panel) {
  float seen[16];
  for (std::int64_t i = 0; i < kPanel; ++i) {
    const std::int64_t j = panel * kPanel + i;
    seen[i] = j >= row.first && j < row.last ? 1.0F : 0.0F;
  }
  return load16(seen);
}

/// extra_size of the keys of a panel.
inline F32x16 extra_of(const BlockRow& row, std::int64_t panel, std::int64_t count) {
  float extra[16];
  for (std::int64_t i = 0; i < kPanel; ++i) {
    const std::int64_t j = panel * kPanel + i;
    extra[i] = j < count ? static_cast<float>(row.extra_size[j]) : 0;
  }
  return load16(extra);
}

/// Sums and largest values over the keys of a row.
struct Survey {
  F32x16 count, max_t, min_t, max_abs_s, max_size, max_extra, max_k;
};

/// One panel. `kPlain`: every key is visible and its score is the dot product.
template <bool kPlain, bool kExact>
ATTEST_SIMD_INLINE void survey_panel(const Block& block, const Scratch& scratch,
                                     const BoundKeys& keys, const QueryNorms& norms, F32x16 factor,
                                     std::int64_t r, std::int64_t p, const BoundWork& work,
                                     Survey& to) {
  const F32x16 zero = splat16(0), hidden = splat16(-__builtin_huge_valf());
  const std::int64_t entry = panel_entry(r, p * kPanel), at = p * kPanel;
  const F32x16 dot = load16(scratch.dots + entry);
  const F32x16 norm1 = load16(keys.norm1 + at);
  F32x16 abs_s = magnitude(dot);
  F32x16 size;
  if constexpr (kExact) {
    size = load16(work.size + entry) * factor;
  } else {
    size = smaller(splat16(norms.norm2) * load16(keys.norm2 + at),
                   smaller(splat16(norms.norm1) * load16(keys.norm_max + at),
                           splat16(norms.norm_max) * norm1));
  }
  size = larger(size, abs_s);
  if constexpr (kPlain) {
    to.max_k = larger(norm1, to.max_k);
    to.max_t = larger(dot, to.max_t);
    to.min_t = smaller(dot, to.min_t);
  } else {
    const BlockRow& row = block.rows[r];
    F32x16 t = scratch.scores != nullptr ? load16(scratch.scores + entry) : dot;
    t = select_less(zero, in_range(row, p), t, hidden);
    const F32x16 seen = select_less(hidden, t, splat16(1), zero);
    size = size * seen;
    abs_s = abs_s * seen;
    if (row.extra != nullptr) {
      to.max_extra = larger(extra_of(row, p, keys.keys->count) * seen, to.max_extra);
    }
    to.count += seen;
    to.max_k = larger(norm1 * seen, to.max_k);
    to.max_t = larger(t, to.max_t);
    to.min_t = smaller(select_less(zero, seen, t, splat16(__builtin_huge_valf())), to.min_t);
    store(work.t + entry, t);
  }
  to.max_abs_s = larger(abs_s, to.max_abs_s);
  to.max_size = larger(size, to.max_size);
  store(work.size + entry, size);
  if (work.declared) {  // for records
    const F32x16 t = load16(work.t + entry);
    work.panel_most[p * kBlockRows + r] = largest_of(t);
  }
}

template <bool kExact>
void survey_row(const Block& block, const Scratch& scratch, const BoundKeys& keys, std::int64_t r,
                BoundWork& work) {
  const BlockRow& row = block.rows[r];
  BoundRow& to = work.rows[r];
  const QueryNorms norms = norms_of(row, keys.keys->dim_qk, to.sum_abs_q);
  to.norm_squares = norms.norm_squares;
  const F32x16 factor = splat16(static_cast<float>(__builtin_fabs(row.factor) * (1 + 0x1p-22)));
  const F32x16 zero = splat16(0), infinite = splat16(__builtin_huge_valf());
  Survey found{zero, zero - infinite, infinite, zero, zero, zero, zero};
  const bool plain = row.extra == nullptr && scratch.scores == nullptr;
  std::int64_t inner = 0;
  for (std::int64_t p = scratch.first_panel; p < scratch.last_panel; ++p) {
    if (plain && p * kPanel >= row.first && (p + 1) * kPanel <= row.last) {
      survey_panel<true, kExact>(block, scratch, keys, norms, factor, r, p, work, found);
      ++inner;
    } else {
      survey_panel<false, kExact>(block, scratch, keys, norms, factor, r, p, work, found);
    }
  }
  to.count = sum_lanes(found.count) + static_cast<double>(inner * kPanel);
  to.max_t = largest_of(found.max_t);
  to.min_t = -largest_of(zero - found.min_t);
  to.max_abs_t =
      to.count > 0 ? __builtin_fmax(__builtin_fabs(to.max_t), __builtin_fabs(to.min_t)) : 0;
  to.max_abs_s = largest_of(found.max_abs_s);
  to.max_size = largest_of(found.max_size);
  to.max_extra = largest_of(found.max_extra);
  to.sum_abs_k = largest_of(found.max_k);
}

inline void survey(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                   BoundWork& work) {
  // Scores that are dot products stay where they are, but for hidden keys.
  work.t = scratch.scores != nullptr ? scratch.scores : scratch.dots;
  if (keys.abs_k != nullptr) add_exact_sizes(block, scratch, keys, work);
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    if (keys.abs_k != nullptr) {
      survey_row<true>(block, scratch, keys, r, work);
    } else {
      survey_row<false>(block, scratch, keys, r, work);
    }
  }
}

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

/// The 16 outputs of `panel` of a row, as float and without v_scale.
inline F32x16 outputs_of(const BlockRow& row, std::int64_t panel, std::int64_t dim_v) {
  const std::int64_t d = panel * kPanel;
  const F64x8 scale = splat(row.v_scale);
  return rounded(load_some(row.o, d, dim_v) / scale, load_some(row.o, d + 8, dim_v) / scale);
}

/// What is added up: work.around alone, with sum w_j |v_j| apart, or everything.
enum class Sums { kBlended, kTwo, kDeclared };

template <int kRows, Sums kSums>
void sum_panel(const Block& block, const Scratch& scratch, const BoundKeys& keys,
               std::int64_t panel, std::int64_t r, const BoundWork& work) {
  const std::int64_t padded = panels(keys.keys->count) * kPanel;
  const std::int64_t over_outputs = panels(keys.keys->dim_v) * kBlockRows * kPanel;
  F32x16 o[kRows], around[kRows], size[kRows];
  F32x16 prefix[kRows], low[kRows], high[kRows], error[kRows], tilt[kRows];
  for (int i = 0; i < kRows; ++i) {
    o[i] = outputs_of(block.rows[r + i], panel, keys.keys->dim_v);
    around[i] = size[i] = prefix[i] = low[i] = high[i] = error[i] = tilt[i] = splat16(0);
  }
  const float* v_row = keys.v + (panel * padded + scratch.first_panel * kPanel) * kPanel;
  for (std::int64_t p = scratch.first_panel; p < scratch.last_panel; ++p) {
    const std::int64_t entry = panel_entry(r, p * kPanel);
    for (std::int64_t i = 0; i < kPanel; ++i, v_row += kPanel) {
      const F32x16 v = load16(v_row);
      const F32x16 size_v = magnitude(v);
      ATTEST_SIMD_UNROLL
      for (int x = 0; x < kRows; ++x) {
        const std::int64_t at = entry + x * kPanel + i;
        const F32x16 distance = v - o[x];
        around[x] = fma(splat16(work.around[at]), magnitude(distance), around[x]);
        if constexpr (kSums == Sums::kTwo) {
          size[x] = fma(splat16(work.weight[at]), size_v, size[x]);
        } else if constexpr (kSums == Sums::kDeclared) {
          const F32x16 term = splat16(work.weight[at]) * v;
          size[x] += magnitude(term);
          prefix[x] += term;
          low[x] = smaller(prefix[x], low[x]);
          high[x] = larger(prefix[x], high[x]);
          const F32x16 moved = splat16(work.deviation[at]) * distance;
          error[x] = fma(moved, moved, error[x]);
          tilt[x] = fma(splat16(work.tilt[at]), distance, tilt[x]);
        }
      }
    }
  }
  for (int i = 0; i < kRows; ++i) {
    float* to = work.sums + (panel * kBlockRows + r + i) * kPanel;
    store(to + kAround * over_outputs, around[i]);
    store(to + kSize * over_outputs, size[i]);
    if constexpr (kSums == Sums::kDeclared) {
      store(to + kPrefixLow * over_outputs, low[i]);
      store(to + kPrefixHigh * over_outputs, high[i]);
      store(to + kError * over_outputs, error[i]);
      store(to + kTilt * over_outputs, tilt[i]);
    }
  }
}

template <int kRows, Sums kSums>
void sum_rows(const Block& block, const Scratch& scratch, const BoundKeys& keys,
              const BoundWork& work) {
  for (std::int64_t panel = 0; panel < panels(keys.keys->dim_v); ++panel) {
    std::int64_t r = 0;
    for (; r + kRows <= block.num_rows; r += kRows) {
      sum_panel<kRows, kSums>(block, scratch, keys, panel, r, work);
    }
    for (; r < block.num_rows; ++r) sum_panel<1, kSums>(block, scratch, keys, panel, r, work);
  }
}

inline void sum_lanes(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                      BoundWork& work) {
  if (work.declared) {
    sum_rows<3, Sums::kDeclared>(block, scratch, keys, work);
  } else if (work.blended) {
    sum_rows<12, Sums::kBlended>(block, scratch, keys, work);
  } else {
    sum_rows<6, Sums::kTwo>(block, scratch, keys, work);
  }
}

inline void finish(const Finish& f) {
  const F64x8 loss = splat(1 + float_loss(f.count)), infinite = splat(__builtin_huge_val());
  for (std::int64_t d = 0; d < f.dim_v; d += 8) {
    const float* at = f.sums + d / kPanel * f.panel_stride + d % kPanel;
    const auto sum = [&](LaneSum which) {
      return splat(f.v_scale) * load_widened(at + which * f.sum_stride);
    };
    const F64x8 o = load_some(f.o, d, f.dim_v);
    const F64x8 size_o = magnitude(o);
    const F64x8 most = splat(f.v_scale) * load(f.max_v + d);
    const F64x8 floor = splat(kFloatFloor * f.count) * (most + size_o);
    LaneSums<F64x8> sums;
    // Outputs as floats are off by up to 2^-24 of their size; values are floats.
    sums.around = sum(kAround) * loss + splat(kFloatBlur * f.on_values) * size_o + floor;
    // What is left of sum w_j |v_j| when most of it is blended into the other sum.
    sums.size = f.blended ? splat(f.weight) * size_o : sum(kSize) * loss + floor;
    sums.low = splat(0) - most;
    sums.high = most;
    sums.range = infinite;
    if (f.ordered) {
      // Made of upper bounds of the weights instead of the weights: off by what acts on values.
      sums.range = sum(kPrefixHigh) - sum(kPrefixLow) + splat(4 * float_loss(f.count)) * sums.size +
                   splat(2) * (sums.around + splat(f.spread) * size_o);
    }
    store(f.bound + d, lane_bound(sums, o, f.has_sink, f.sink_spread, *f.lane));
    store(f.ball + d, lane_ball(sums, o, f.weight, f.sink_spread, *f.lane, f.share, *f.own));
    if (!f.statistical) continue;
    StatisticalSums<F64x8> statistical;
    statistical.error = splat(f.v_scale) * sum(kError) + splat(kSquareFloor * f.count);
    statistical.tilt = sum(kTilt);
    statistical.below = smaller(splat(f.below) * (most + size_o), sums.around);
    store(f.statistical_bound + d, statistical_bound(statistical, sums, o, *f.deviations, *f.lane));
  }
}

inline double exp_of(double x) { return largest_lane(exp(splat(x))); }
inline double log_of(double x) { return log(x); }
inline double tanh_of(double x) { return largest_lane(tanh(splat(x))); }

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
