// Scores become weights in double-double: exponentials of all of them, and their sums, before
// anything is multiplied with values. Included by tier_double_double.h.
#pragma once

#include "oracle/simd/ball.h"
#include "oracle/simd/dd.h"
#include "oracle/simd/dd_math.h"
#include "oracle/simd/engine.h"
#include "oracle/simd/rows.h"
#include "oracle/simd/vec_pair.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

ATTEST_SIMD_INLINE DD8 load_dd(const double* high, const double* low) {
  return {load(high), load(low)};
}
ATTEST_SIMD_INLINE void store_dd(double* high, double* low, DD8 x) {
  store(high, x.hi);
  store(low, x.lo);
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

/// The low part of the shift of row r, whose high part is max_t. Any shift near the maximum does,
/// and below 2^40 low parts are nothing; above, the largest of those that go with max_t.
inline double shift_low(const Block& block, std::int64_t r, const Work& work) {
  const BlockRow& row = block.rows[r];
  if (!(work.evaluated[r] && work.shift[r] > 0x1p40)) return 0;
  const F64x8 most = splat(row.max_t);
  F64x8 low = splat(row.has_sink && row.sink == row.max_t ? 0 : -kInfinity);
  for (std::int64_t p = work.first_panel; p < work.last_panel; ++p) {
    for (std::int64_t h = 0; h < kPanel; h += 8) {
      const DD8 t = load_dd(row_of(work.high, p, r) + h, row_of(work.low, p, r) + h);
      low = select(less(t.hi, most), low, larger(t.lo, low));
    }
  }
  return largest_lane(low);
}

/// e^(t - shift); 0 where t = -inf.
template <typename V>
ATTEST_SIMD_INLINE DD<V> weight_of(DD<V> t, DD<V> shift) {
  const V zero = splat_like(t.hi, 0);
  const auto hidden = less(t.hi, splat_like(t.hi, -__DBL_MAX__));
  const DD<V> w = exp(sub(t, shift));
  return {select(hidden, zero, w.hi), select(hidden, zero, w.lo)};
}
/// The same for a shift that is one double. No score and no shift is larger than kHuge.
template <typename V>
ATTEST_SIMD_INLINE DD<V> weight_of(DD<V> t, V minus_shift) {
  return exp(add(DD<V>{larger(t.hi, splat_like(t.hi, -1024 * kHuge)), t.lo}, minus_shift));
}

/// Sums of weights, and the low parts of shifts, per row.
struct WeightSums {
  double high[kRowSlots] = {}, low[kRowSlots] = {}, shift_low[kRowSlots] = {};
};

/// The scores of row r in one panel become weights, which are added to `sum`.
inline void weigh_row_dd(const Block& block, std::int64_t panel, std::int64_t r, double shift_low,
                         Work& work, DD8& sum) {
  const BlockRow& row = block.rows[r];
  const DD8 shift = splat_dd(row.max_t, shift_low);
  for (std::int64_t h = 0; h < kPanel; h += 8) {
    double *high = row_of(work.high, panel, r) + h, *low = row_of(work.low, panel, r) + h;
    const DD8 w = work.evaluated[r] ? weight_of(load_dd(high, low), shift) : splat_dd(0, 0);
    store_dd(high, low, w);
    sum = add(sum, w);
    if (row.extra == nullptr) continue;
    const F64x8 size = load_keys(row.extra_size, panel * kPanel + h, block.keys->count, 0);
    work.lane_extra_sum[r] = fma(w.hi, smaller(size, splat(kHuge)), work.lane_extra_sum[r]);
  }
}

/// The same for rows r and r + 1, both evaluated, without extra and low parts of shifts: most rows.
ATTEST_SIMD_INLINE void weigh_two_rows_dd(const Block& block, std::int64_t panel, std::int64_t r,
                                          Work& work, DD8* sum) {
  double *high = row_of(work.high, panel, r), *low = row_of(work.low, panel, r);
  const auto load_both = [](const double* x) -> F64x32 {
    return {{load(x), load(x + 8)}, {load(x + kPanel), load(x + kPanel + 8)}};
  };
  const F64x8 x = splat(-block.rows[r].max_t), y = splat(-block.rows[r + 1].max_t);
  const DD<F64x32> w =
      weight_of(DD<F64x32>{load_both(high), load_both(low)}, F64x32{{x, x}, {y, y}});
  store_dd(high, low, {w.hi.a.a, w.lo.a.a});
  store_dd(high + 8, low + 8, {w.hi.a.b, w.lo.a.b});
  store_dd(high + kPanel, low + kPanel, {w.hi.b.a, w.lo.b.a});
  store_dd(high + kPanel + 8, low + kPanel + 8, {w.hi.b.b, w.lo.b.b});
  DD16 sums = {{sum[r].hi, sum[r + 1].hi}, {sum[r].lo, sum[r + 1].lo}};
  sums = add(sums, DD16{{w.hi.a.a, w.hi.b.a}, {w.lo.a.a, w.lo.b.a}});
  sums = add(sums, DD16{{w.hi.a.b, w.hi.b.b}, {w.lo.a.b, w.lo.b.b}});
  sum[r] = {sums.hi.a, sums.lo.a};
  sum[r + 1] = {sums.hi.b, sums.lo.b};
}

/// Scores become weights.
inline WeightSums weigh_dd(const Block& block, Work& work) {
  WeightSums sums;
  DD8 sum[kBlockRows];
  bool plain[kBlockRows + 1] = {};
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    sums.shift_low[r] = shift_low(block, r, work);
    sum[r] = splat_dd(0, 0);
    plain[r] = work.evaluated[r] && block.rows[r].extra == nullptr && sums.shift_low[r] == 0;
  }
  for (std::int64_t p = work.first_panel; p < work.last_panel; ++p) {
    for (std::int64_t r = 0; r < block.num_rows; ++r) {
      if (plain[r] && plain[r + 1]) {
        weigh_two_rows_dd(block, p, r++, work, sum);
      } else {
        weigh_row_dd(block, p, r, sums.shift_low[r], work, sum[r]);
      }
    }
  }
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    const BlockRow& row = block.rows[r];
    DD8 l = sum_lanes(sum[r]);
    if (row.has_sink && work.evaluated[r]) {
      l = add(l, weight_of(splat_dd(row.sink, 0), splat_dd(row.max_t, sums.shift_low[r])));
    }
    sums.high[r] = largest_lane(l.hi);
    sums.low[r] = largest_lane(l.lo);
  }
  return sums;
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
