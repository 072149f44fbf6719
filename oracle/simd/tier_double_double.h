// Double-double: about 2^-100 of every product and sum, for kernels that compute in double
// themselves. Dot products and outputs run through multiply_anchored, everything between through
// dd.h and dd_math.h; the ball is that of ball.h. Included by engine_impl.h.
#pragma once

#include "oracle/simd/ball.h"
#include "oracle/simd/dd.h"
#include "oracle/simd/dd_math.h"
#include "oracle/simd/engine.h"
#include "oracle/simd/micro_kernels.h"
#include "oracle/simd/rows.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// Norms are taken this much larger, so that rounding never leaves the binade of an anchor.
inline constexpr double kAnchorRoom = 1 + 0x1p-20;

/// The sum in an accumulator that started at `anchor`: the difference is exact.
ATTEST_SIMD_INLINE DD8 sum_of(Anchored c, F64x8 anchor) { return two_sum(c.high - anchor, c.low); }

ATTEST_SIMD_INLINE DD8 load_dd(const double* high, const double* low) {
  return {load(high), load(low)};
}
ATTEST_SIMD_INLINE void store_dd(double* high, double* low, DD8 x) {
  store(high, x.hi);
  store(low, x.lo);
}

/// Dot products of rows r ... r + kRows - 1 with one panel of keys.
/// anchors: 3 * power_above(|q|) per row; key_powers: power_above(|k_j|).
template <int kRows>
void dot_panel_dd(const Keys& keys, const Work& work, std::int64_t panel, std::int64_t r,
                  const double* anchors, const double* key_powers) {
  const F64x8 powers[2] = {load(key_powers), load(key_powers + 8)};
  Anchored c[kRows][2];
  ATTEST_SIMD_UNROLL
  for (int i = 0; i < kRows; ++i) {
    for (int h = 0; h < 2; ++h) c[i][h] = {splat(anchors[i]) * powers[h], splat(0.0)};
  }
  multiply_anchored<kRows, 1, kPanel, false>(
      work.q + r, nullptr, keys.k + panel * kPanel * keys.dim_qk, keys.dim_qk, c);
  ATTEST_SIMD_UNROLL
  for (int i = 0; i < kRows; ++i) {
    for (int h = 0; h < 2; ++h) {
      store_dd(row_of(work.high, panel, r + i) + 8 * h, row_of(work.low, panel, r + i) + 8 * h,
               sum_of(c[i][h], splat(anchors[i]) * powers[h]));
    }
  }
}

/// Dot products of one row in one panel become scores, as in revise_scores().
inline void score_panel_dd(const Block& block, std::int64_t panel, std::int64_t r, Work& work) {
  const BlockRow& row = block.rows[r];
  const std::int64_t count = block.keys->count;
  const DD8 cap = splat_dd(block.softcap, 0);
  double *high = row_of(work.high, panel, r), *low = row_of(work.low, panel, r);
  for (std::int64_t h = 0; h < kPanel; h += 8) {
    const std::int64_t j = panel * kPanel + h;
    DD8 t = mul(load_dd(high + h, low + h), splat_dd(row.factor, row.factor_low));
    if (block.softcap > 0) t = mul(tanh(div(t, cap)), cap.hi);
    if (row.extra != nullptr) {
      const F64x8 extra = load_keys(row.extra, j, count, -kInfinity);
      const Mask8 hidden = less(extra, splat(-__DBL_MAX__));
      F64x8 extra_low = splat(0.0);
      if (row.extra_low != nullptr) {
        extra_low = select(hidden, splat(0.0), load_keys(row.extra_low, j, count, 0));
      }
      const DD8 sum = add(t, DD8{select(hidden, splat(0.0), extra), extra_low});
      t = {select(hidden, splat(-kInfinity), sum.hi), sum.lo};
      const F64x8 size = load_keys(row.extra_size, j, count, 0);
      const Mask8 visible = less(splat(-kInfinity), hide_outside(row, j, t.hi));
      work.extra_most[r] = select(visible, larger(size, work.extra_most[r]), work.extra_most[r]);
    }
    t.hi = hide_outside(row, j, t.hi);
    store_dd(high + h, low + h, t);
    work.most[r] = larger(t.hi, work.most[r]);
  }
}

inline void score_rows_dd(const Block& block, Work& work) {
  const Keys& keys = *block.keys;
  double anchors[kBlockRows];
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    anchors[r] = 3 * power_above(work.facts[r].norm_q * kAnchorRoom);
  }
  for (std::int64_t p = work.first_panel; p < work.last_panel; ++p) {
    double powers[kPanel];
    for (std::int64_t i = 0; i < kPanel; ++i) {
      powers[i] = power_above(keys.norm_k[p * kPanel + i] * kAnchorRoom);
    }
    for (std::int64_t r = 0; r < block.num_rows; r += kRowsAtOnceDD) {
      with_rows<kRowsAtOnceDD>(min_of(block.num_rows - r, kRowsAtOnceDD), [&]<int kRows>() {
        dot_panel_dd<kRows>(keys, work, p, r, anchors + r, powers);
      });
    }
    for (std::int64_t r = 0; r < block.num_rows; ++r) score_panel_dd(block, p, r, work);
  }
}

/// The sum of eight lanes, always in the same order, in every lane.
ATTEST_SIMD_INLINE DD8 sum_lanes(DD8 x) {
  double high[12] = {}, low[12] = {};
  for (int step = 4; step > 0; step /= 2) {
    store_dd(high, low, x);
    x = add(x, load_dd(high + step, low + step));
  }
  store_dd(high, low, x);
  return splat_dd(high[0], low[0]);
}

/// e^(t - maximum); 0 where t = -inf. The maximum is that of the high parts: any shift will do.
ATTEST_SIMD_INLINE DD8 weight_of(DD8 t, F64x8 maximum) {
  const Mask8 hidden = less(t.hi, splat(-__DBL_MAX__));
  const DD8 w = exp(add(t, splat(-0.0) - maximum));
  return {select(hidden, splat(0.0), w.hi), select(hidden, splat(0.0), w.lo)};
}

/// Scores of one row become weights. Returns their sum in every lane, the sink included.
inline DD8 weigh_dd(const Block& block, std::int64_t r, bool evaluated, Work& work) {
  const BlockRow& row = block.rows[r];
  const F64x8 maximum = splat(row.max_t);
  DD8 sum = splat_dd(0, 0);
  for (std::int64_t p = work.first_panel; p < work.last_panel; ++p) {
    for (std::int64_t h = 0; h < kPanel; h += 8) {
      double *high = row_of(work.high, p, r) + h, *low = row_of(work.low, p, r) + h;
      const DD8 w = evaluated ? weight_of(load_dd(high, low), maximum) : splat_dd(0, 0);
      store_dd(high, low, w);
      sum = add(sum, w);
      if (row.extra == nullptr) continue;
      const F64x8 size = load_keys(row.extra_size, p * kPanel + h, block.keys->count, 0);
      work.extra_sum[r] = fma(w.hi, smaller(size, splat(kHuge)), work.extra_sum[r]);
    }
  }
  sum = sum_lanes(sum);
  if (row.has_sink && evaluated) sum = add(sum, weight_of(splat_dd(row.sink, 0), maximum));
  return sum;
}

/// Sums of weight times value for one output panel of rows r ... r + kRows - 1.
/// anchors: 3 * power_above(sum of weights) per row.
template <int kRows>
void add_values_dd(const Keys& keys, const Work& work, std::int64_t c, std::int64_t r,
                   const double* anchors, const double* value_powers) {
  const F64x8 powers[2] = {load(value_powers), load(value_powers + 8)};
  Anchored sums[kRows][2];
  ATTEST_SIMD_UNROLL
  for (int i = 0; i < kRows; ++i) {
    for (int h = 0; h < 2; ++h) sums[i][h] = {splat(anchors[i]) * powers[h], splat(0.0)};
  }
  const double* values = keys.v + c * panels(keys.count) * kPanel * kPanel;
  for (std::int64_t p = work.first_panel; p < work.last_panel; ++p) {
    multiply_anchored<kRows, kPanel, 1, true>(row_of(work.high, p, r), row_of(work.low, p, r),
                                              values + p * kPanel * kPanel, kPanel, sums);
  }
  ATTEST_SIMD_UNROLL
  for (int i = 0; i < kRows; ++i) {
    for (int h = 0; h < 2; ++h) {
      store_dd(row_of(work.o_high, c, r + i) + 8 * h, row_of(work.o_low, c, r + i) + 8 * h,
               sum_of(sums[i][h], splat(anchors[i]) * powers[h]));
    }
  }
}

inline void add_all_values_dd(const Block& block, const double* anchors, const Work& work) {
  const Keys& keys = *block.keys;
  for (std::int64_t c = 0; c < panels(keys.dim_v); ++c) {
    double powers[kPanel];
    for (std::int64_t i = 0; i < kPanel; ++i) powers[i] = power_above(keys.max_v[c * kPanel + i]);
    for (std::int64_t r = 0; r < block.num_rows; r += kRowsAtOnceDD) {
      with_rows<kRowsAtOnceDD>(min_of(block.num_rows - r, kRowsAtOnceDD), [&]<int kRows>() {
        add_values_dd<kRows>(keys, work, c, r, anchors + r, powers);
      });
    }
  }
}

/// Divides, and says how far off everything may be. As for dot products (ball.h), with 2^e =
/// power_above(l) power_above(max|v|) <= 4 l max|v| and twice as many roundings of the sum of
/// rests, which the low parts of weights enlarge by 2^(e - 53): (2 n^2 + 3 n) 2^(e - 105).
inline void finish_dd(const Keys& keys, BlockRow& row, std::int64_t r, DD8 l, Work& work) {
  RowFacts& facts = work.facts[r];
  row.l = largest_lane(l.hi);
  facts.extra_mean = sum_lanes(work.extra_sum[r]) / row.l;

  const double n = facts.keys;
  const WeightError weights = weight_error(facts, roundings_double_double(facts));
  const double weight_sum_error = (n / 8 + 12) * 4 * kU * kU;
  const double value_sum_error = 1.02 * (2 * n * n + 3 * n) * 4 * 0x1p-105;
  const double error = output_error(weights, value_sum_error, weight_sum_error) + 20 * kU * kU;
  const double scale = __builtin_fabs(row.v_scale);
  const double floor = (n + 8) * 0x1p-1072 * (1 + scale);

  F64x8 check = splat(0.0);
  for (std::int64_t d = 0; d < keys.dim_v; d += 8) {
    const double* high = row_of(work.o_high, d / kPanel, r) + d % kPanel;
    const double* low = row_of(work.o_low, d / kPanel, r) + d % kPanel;
    const DD8 o = mul(div(load_dd(high, low), l), splat(row.v_scale));
    const F64x8 ball = fma(load(keys.max_v + d), splat(error * scale), splat(floor));
    check = fma(o.hi, splat(0.0), fma(ball, splat(0.0), check));
    store_lanes(row.o, d, keys.dim_v, o.hi + splat(0.0));
    store_lanes(row.o_low, d, keys.dim_v, o.lo + splat(0.0));
    store_lanes(row.ball, d, keys.dim_v, ball);
  }
  row.finite = sum_lanes(check) == 0;  // infinity times 0 is NaN

  const DD8 log_l = log(l);
  const DD8 lse = add(log_l, splat(row.max_t));
  row.lse = largest_lane(lse.hi);
  row.lse_low = largest_lane(lse.lo);
  row.lse_ball = 1.01 * (log_error(weights, weight_sum_error) +
                         kDDLogError * __builtin_fabs(largest_lane(log_l.hi)) +
                         2 * kU * kU * __builtin_fabs(row.lse));
}

inline void attend_double_double(Block& block, Scratch& scratch) {
  Work work;
  prepare(block, scratch, work);
  score_rows_dd(block, work);

  const Keys& keys = *block.keys;
  double most_v = 0;
  for (std::int64_t d = 0; d < keys.dim_v; ++d) most_v = larger_of(most_v, keys.max_v[d]);
  bool evaluated[kBlockRows];
  DD8 l[kBlockRows];
  double anchors[kBlockRows];
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    evaluated[r] = settle_maximum(block.rows[r], work, r);
    l[r] = weigh_dd(block, r, evaluated[r], work);
    anchors[r] = 3 * power_above(largest_lane(l[r].hi) * kAnchorRoom);
  }
  add_all_values_dd(block, anchors, work);
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    BlockRow& row = block.rows[r];
    if (evaluated[r]) {
      finish_dd(keys, row, r, l[r], work);
    } else {
      clear_results(keys, row);
    }
    if (!(most_v * row.l < kHuge)) row.finite = false;
  }
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
