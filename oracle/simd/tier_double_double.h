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
#include "oracle/simd/weights_dd.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// Norms are taken this much larger, so that rounding never leaves the binade of an anchor.
inline constexpr double kAnchorRoom = 1 + 0x1p-20;

/// The sum in an accumulator that started at `anchor`: the difference is exact.
ATTEST_SIMD_INLINE DD8 sum_of(Anchored c, F64x8 anchor) { return two_sum(c.high - anchor, c.low); }

/// Scaled dot products of rows r ... r + kRows - 1 with one panel of keys, or with the first half
/// of one (kVectors = 1; the other half becomes 0). most: raised to them. anchors: 3 *
/// power_above(|q|) per row; key_powers: power_above(|k_j|).
template <int kRows, int kVectors>
void dot_panel_dd(const Block& block, const Work& work, std::int64_t panel, std::int64_t r,
                  const double* anchors, const double* key_powers, F64x8* most) {
  const Keys& keys = *block.keys;
  Anchored c[kRows][kVectors];
  ATTEST_SIMD_UNROLL
  for (int i = 0; i < kRows; ++i) {
    for (int h = 0; h < kVectors; ++h) {
      c[i][h] = {splat(anchors[i]) * load(key_powers + 8 * h), splat(0.0)};
    }
  }
  multiply_anchored<kRows, kVectors, 1, kRowSlots, false>(
      work.q + r, nullptr, keys.k + panel * kPanel * keys.dim_qk, keys.dim_qk, c);
  ATTEST_SIMD_UNROLL
  for (int i = 0; i < kRows; ++i) {
    const DD8 factor = splat_dd(block.rows[r + i].factor, block.rows[r + i].factor_low);
    double *high = row_of(work.high, panel, r + i), *low = row_of(work.low, panel, r + i);
    if (kVectors == 1) store_dd(high + 8, low + 8, splat_dd(0, 0));
    for (int h = 0; h < kVectors; ++h) {
      const F64x8 anchor = splat(anchors[i]) * load(key_powers + 8 * h);
      const DD8 t = mul(sum_of(c[i][h], anchor), factor);
      store_dd(high + 8 * h, low + 8 * h, t);
      most[i] = larger(t.hi, most[i]);
    }
  }
}

/// What is done to the scores of one row in one panel after the dot products: revise_scores().
inline void revise_scores_dd(const Block& block, std::int64_t panel, std::int64_t r, Work& work) {
  const BlockRow& row = block.rows[r];
  const std::int64_t count = block.keys->count;
  const DD8 cap = splat_dd(block.softcap, 0);
  double *high = row_of(work.high, panel, r), *low = row_of(work.low, panel, r);
  for (std::int64_t h = 0; h < kPanel; h += 8) {
    const std::int64_t j = panel * kPanel + h;
    DD8 t = load_dd(high + h, low + h);
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
      work.lane_extra_most[r] =
          select(visible, larger(size, work.lane_extra_most[r]), work.lane_extra_most[r]);
    }
    t.hi = hide_outside(row, j, t.hi);
    store_dd(high + h, low + h, t);
    work.lane_most[r] = larger(t.hi, work.lane_most[r]);
  }
}

inline void score_rows_dd(const Block& block, Work& work) {
  const Keys& keys = *block.keys;
  double anchors[kBlockRows];
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    anchors[r] = 3 * power_above(work.norm_q[r] * kAnchorRoom);
  }
  F64x8 ignored[kBlockRows];
  for (F64x8& x : ignored) x = splat(0.0);
  for (std::int64_t p = work.first_panel; p < work.last_panel; ++p) {
    double powers[kPanel];
    for (std::int64_t i = 0; i < kPanel; ++i) {
      powers[i] = power_above(keys.norm_k[p * kPanel + i] * kAnchorRoom);
    }
    const bool done = work.simple && p >= work.first_inner && p < work.last_inner;
    for (std::int64_t r = 0; r < block.num_rows; r += kRowsAtOnceDD) {
      F64x8* most = done ? work.lane_most + r : ignored;
      with_rows<kRowsAtOnceDD>(min_of(block.num_rows - r, kRowsAtOnceDD), [&]<int kRows>() {
        if (work.last_key - p * kPanel > 8) {
          dot_panel_dd<kRows, 2>(block, work, p, r, anchors + r, powers, most);
        } else {
          dot_panel_dd<kRows, 1>(block, work, p, r, anchors + r, powers, most);
        }
      });
    }
    if (done) continue;
    for (std::int64_t r = 0; r < block.num_rows; ++r) revise_scores_dd(block, p, r, work);
  }
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
    // Keys beyond the last one seen have no weight.
    const std::int64_t steps = min_of(kPanel, work.last_key - p * kPanel);
    multiply_anchored<kRows, 2, kPanel, 1, true>(row_of(work.high, p, r), row_of(work.low, p, r),
                                                 values + p * kPanel * kPanel, steps, sums);
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

/// l, the LSE and errors of rows first ... first + 7; error: of o, in units of max|v| v_scale. As
/// for dot products (ball.h), with 2^e = power_above(l) power_above(max|v|) <= 4 l max|v| and twice
/// as many roundings of the sum of rests, which the low parts of weights enlarge by 2^(e - 53):
/// (2 n^2 + 3 n) 2^(e - 105).
inline void settle_rows_dd(Block& block, std::int64_t first, const WeightSums& sums,
                           const Work& work, double* error) {
  double maximum[8];
  for (std::int64_t r = 0; r < 8; ++r) {
    maximum[r] = block.rows[min_of(first + r, block.num_rows - 1)].max_t;
  }
  const DD8 l = load_dd(sums.high + first, sums.low + first);
  const RowFacts facts = facts_of(block, work, first, l.hi);
  const WeightError weights = weight_error(facts, roundings_double_double(facts));
  const F64x8 n = facts.keys;
  const F64x8 l_error = fma(n, splat(kU * kU / 2), splat(48 * kU * kU));
  const F64x8 value_error = splat(4.1 * 0x1p-105) * n * fma(splat(2.0), n, splat(3.0));
  store(error + first, output_error(weights, value_error, l_error) + splat(20 * kU * kU));

  const DD8 log_l = log(l), lse = add(log_l, load_dd(maximum, sums.shift_low + first));
  const F64x8 rounding =
      fma(splat(2 * kU * kU), magnitude(lse.hi), splat(kDDLogError) * magnitude(log_l.hi));
  double high[8], low[8], ball[8];
  store_dd(high, low, lse);
  store(ball, splat(1.01) * (log_error(weights, l_error) + rounding));
  for (std::int64_t r = 0; first + r < block.num_rows && r < 8; ++r) {
    BlockRow& row = block.rows[first + r];
    row.lse = high[r];
    row.lse_low = low[r];
    row.lse_ball = ball[r];
    row.l = sums.high[first + r];
  }
}

/// The smallest max|v| of an output lane.
inline double least_max_v(const Keys& keys) {
  double least = kInfinity;
  for (std::int64_t d = 0; d < keys.dim_v; ++d) least = smaller_of(keys.max_v[d], least);
  return least;
}

/// Outputs and their balls, max|v| times the error plus a floor.
inline void write_row_dd(const Keys& keys, std::int64_t r, const Work& work, DD8 l,
                         double relative_error, double least_v, BlockRow& row) {
  const double scale = __builtin_fabs(row.v_scale);
  const F64x8 error = splat(relative_error * scale);
  // The floor is subnormal, and those are slow. To products above 2^-800, whose last bit is above
  // 2^-906, everything positive below that adds the same.
  const bool far = least_v * (relative_error * scale) > 0x1p-800 && scale < 0x1p60;
  const F64x8 floor = splat(far ? 0x1p-1000 : (work.keys[r] + 8) * 0x1p-1072 * (1 + scale));
  for (std::int64_t d = 0; d < keys.dim_v; d += 8) {
    const std::int64_t lane = d % kPanel;
    const DD8 sum = load_dd(row_of(work.o_high, d / kPanel, r) + lane,
                            row_of(work.o_low, d / kPanel, r) + lane);
    const DD8 o = mul(div(sum, l), splat(row.v_scale));
    // + 0: no -0, as in double.
    store_lanes(row.o, d, keys.dim_v, o.hi + splat(0.0));
    store_lanes(row.o_low, d, keys.dim_v, o.lo + splat(0.0));
    store_lanes(row.ball, d, keys.dim_v, fma(load(keys.max_v + d), error, floor));
  }
}

inline void attend_double_double(Block& block, Scratch& scratch) {
  Work work;
  prepare(block, scratch, work);
  score_rows_dd(block, work);
  settle_maxima(block, work);

  const Keys& keys = *block.keys;
  const WeightSums sums = weigh_dd(block, work);
  double anchors[kBlockRows], error[kRowSlots];
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    anchors[r] = 3 * power_above(sums.high[r] * kAnchorRoom);
  }
  add_all_values_dd(block, anchors, work);
  for (std::int64_t r = 0; r < block.num_rows; r += 8) settle_rows_dd(block, r, sums, work, error);
  const double least_v = least_max_v(keys);
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    if (work.evaluated[r]) {
      settle_finite(work, block.rows[r]);
      write_row_dd(keys, r, work, splat_dd(sums.high[r], sums.low[r]), error[r], least_v,
                   block.rows[r]);
    } else {
      clear_results(keys, block.rows[r]);
    }
  }
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
