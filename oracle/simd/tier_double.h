// Certified double: one FMA chain per score (over head_dim_qk) and per output (over the keys), the
// softmax around the true maximum, and the ball of ball.h. Included by engine_impl.h.
//
// Scores of all keys come first, because of the maximum; then, a few panels at a time so that they
// stay in the first-level cache, weights and their products with values.
#pragma once

#include "oracle/simd/ball.h"
#include "oracle/simd/engine.h"
#include "oracle/simd/math.h"
#include "oracle/simd/micro_kernels.h"
#include "oracle/simd/rows.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// Key panels whose weights are made before they meet the values: 12 KiB of weights.
inline constexpr std::int64_t kTilePanels = 8;

/// Scaled dot products of rows r ... r + kRows - 1 with kPanels panels of keys; most: raised to
/// them.
template <int kRows, int kPanels>
void score_panels(const Keys& keys, const Work& work, std::int64_t panel, std::int64_t r,
                  const double* factors, F64x8* most) {
  F64x8 c[kPanels][kRows][2];
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) c[p][i][0] = c[p][i][1] = splat(0.0);
  }
  const std::int64_t stride = kPanel * keys.dim_qk;
  multiply<kRows, kPanels, 1, kPanel>(work.q + r, keys.k + panel * stride, stride, keys.dim_qk, c);
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const F64x8 factor = splat(factors[i]);
      const F64x8 x = c[p][i][0] * factor, y = c[p][i][1] * factor;
      double* to = row_of(work.high, panel + p, r + i);
      store(to, x);
      store(to + 8, y);
      most[i] = larger(larger(x, y), most[i]);
    }
  }
}

/// What is done to the scores of one row in one panel after the dot products: softcap, extra, the
/// mask, and copies for who asks for them.
inline void revise_scores(const Block& block, const Scratch& scratch, std::int64_t panel,
                          std::int64_t r, Work& work) {
  const BlockRow& row = block.rows[r];
  const std::int64_t count = block.keys->count;
  double* scores = row_of(work.high, panel, r);
  for (std::int64_t h = 0; h < kPanel; h += 8) {
    const std::int64_t j = panel * kPanel + h;
    const std::int64_t entry = panel_entry(r, j);
    F64x8 t = load(scores + h);
    if (scratch.keep_scores) store_rounded(scratch.dots + entry, t);
    if (block.softcap > 0) t = splat(block.softcap) * tanh(t * splat(work.inverse_cap));
    if (row.extra != nullptr) {
      t = t + load_keys(row.extra, j, count, -kInfinity);
      const F64x8 size = load_keys(row.extra_size, j, count, 0);
      const F64x8 seen = hide_outside(row, j, t);
      const Mask8 visible = less(splat(-kInfinity), seen);
      work.extra_most[r] = select(visible, larger(size, work.extra_most[r]), work.extra_most[r]);
    }
    t = hide_outside(row, j, t);
    if (scratch.scores != nullptr) store_rounded(scratch.scores + entry, t);
    store(scores + h, t);
    work.most[r] = larger(t, work.most[r]);
  }
}

inline void score_rows(const Block& block, const Scratch& scratch, Work& work) {
  const std::int64_t rows = block.num_rows;
  double factors[kBlockRows];
  for (std::int64_t r = 0; r < rows; ++r) factors[r] = block.rows[r].factor;
  F64x8 ignored[kBlockRows];
  for (F64x8& x : ignored) x = splat(0.0);

  const std::int64_t at_once =
      rows <= kRowsAtOnce ? panels_at_once(static_cast<int>(rows)) : 1;
  for (std::int64_t p = work.first_panel; p < work.last_panel;) {
    const std::int64_t step = p + at_once <= work.last_panel ? at_once : 1;
    const bool inner = p >= work.first_inner && p + step <= work.last_inner;
    const bool done = inner && work.simple && !scratch.keep_scores;
    for (std::int64_t r = 0; r < rows; r += kRowsAtOnce) {
      F64x8* most = done ? work.most + r : ignored;
      with_rows<kRowsAtOnce>(min_of(rows - r, kRowsAtOnce), [&]<int kRows>() {
        constexpr int kPanels = panels_at_once(kRows);
        if (kPanels > 1 && step == kPanels) {
          score_panels<kRows, kPanels>(*block.keys, work, p, r, factors + r, most);
        } else {
          score_panels<kRows, 1>(*block.keys, work, p, r, factors + r, most);
        }
      });
    }
    for (const std::int64_t end = p + step; p < end; ++p) {
      if (done) continue;
      for (std::int64_t r = 0; r < rows; ++r) revise_scores(block, scratch, p, r, work);
    }
  }
}

/// Scores of one row in panels [first, last) become weights; sum: increased by them.
inline void weigh(const Block& block, std::int64_t r, std::int64_t first, std::int64_t last,
                  bool evaluated, Work& work, F64x8& sum) {
  const BlockRow& row = block.rows[r];
  const F64x8 maximum = splat(row.max_t);
  for (std::int64_t p = first; p < last; ++p) {
    double* weights = row_of(work.high, p, r);
    F64x8 x = splat(0.0), y = splat(0.0);
    if (evaluated) {
      x = exp(load(weights) - maximum);
      y = exp(load(weights + 8) - maximum);
    }
    store(weights, x);
    store(weights + 8, y);
    sum += x;
    sum += y;
    if (row.extra == nullptr) continue;
    const std::int64_t j = p * kPanel, count = block.keys->count;
    // Of a hidden key, extra_size may be infinite, and 0 times that is not 0.
    const F64x8 size_x = smaller(load_keys(row.extra_size, j, count, 0), splat(kHuge));
    const F64x8 size_y = smaller(load_keys(row.extra_size, j + 8, count, 0), splat(kHuge));
    work.extra_sum[r] = fma(y, size_y, fma(x, size_x, work.extra_sum[r]));
  }
}

/// Adds weight times value, keys of panels [first, last), to output panels c ... c + kPanels - 1 of
/// rows r ... r + kRows - 1.
template <int kRows, int kPanels>
void add_values(const Keys& keys, const Work& work, std::int64_t c, std::int64_t r,
                std::int64_t first, std::int64_t last) {
  F64x8 sums[kPanels][kRows][2];
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const double* from = row_of(work.o_high, c + p, r + i);
      const bool fresh = first == work.first_panel;
      sums[p][i][0] = fresh ? splat(0.0) : load(from);
      sums[p][i][1] = fresh ? splat(0.0) : load(from + 8);
    }
  }
  const std::int64_t stride = panels(keys.count) * kPanel * kPanel;
  for (std::int64_t panel = first; panel < last; ++panel) {
    multiply<kRows, kPanels, kPanel, 1>(row_of(work.high, panel, r),
                                        keys.v + c * stride + panel * kPanel * kPanel, stride,
                                        kPanel, sums);
  }
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      double* to = row_of(work.o_high, c + p, r + i);
      store(to, sums[p][i][0]);
      store(to + 8, sums[p][i][1]);
    }
  }
}

inline void add_tile(const Block& block, const Work& work, std::int64_t first, std::int64_t last) {
  const std::int64_t rows = block.num_rows, outputs = panels(block.keys->dim_v);
  const std::int64_t at_once =
      rows <= kRowsAtOnce ? panels_at_once(static_cast<int>(rows)) : 1;
  for (std::int64_t c = 0; c < outputs;) {
    const std::int64_t step = c + at_once <= outputs ? at_once : 1;
    for (std::int64_t r = 0; r < rows; r += kRowsAtOnce) {
      with_rows<kRowsAtOnce>(min_of(rows - r, kRowsAtOnce), [&]<int kRows>() {
        constexpr int kPanels = panels_at_once(kRows);
        if (kPanels > 1 && step == kPanels) {
          add_values<kRows, kPanels>(*block.keys, work, c, r, first, last);
        } else {
          add_values<kRows, 1>(*block.keys, work, c, r, first, last);
        }
      });
    }
    c += step;
  }
}

/// Divides, and says how far off everything may be. A chain over n keys is off by gamma(n) and
/// underflows by 2^-1075 a step; l by gamma(n / 8 + 5); 1 / l, its product with the sum and with
/// v_scale by u each.
inline void finish(const Keys& keys, BlockRow& row, std::int64_t r, F64x8 weight_sum, Work& work) {
  RowFacts& facts = work.facts[r];
  row.l = sum_lanes(weight_sum);
  if (row.has_sink) row.l += largest_lane(exp(splat(row.sink - row.max_t)));
  facts.extra_mean = sum_lanes(work.extra_sum[r]) / row.l;

  const WeightError weights = weight_error(facts, roundings_double(facts));
  const double weight_sum_error = 1.01 * (facts.keys / 8 + 6) * kU;
  const double error = output_error(weights, 1.01 * facts.keys * kU, weight_sum_error) + 4 * kU;
  const double scale = __builtin_fabs(row.v_scale);
  const double floor = (facts.keys + 4) * 0x1p-1074 * (1 + scale);

  const F64x8 inverse = splat(1 / row.l), v_scale = splat(row.v_scale);
  F64x8 check = splat(0.0);
  for (std::int64_t d = 0; d < keys.dim_v; d += 8) {
    const double* sum = row_of(work.o_high, d / kPanel, r) + d % kPanel;
    // + 0 makes -0 of an underflowed product +0, as it is when a 0 is added.
    const F64x8 o = load(sum) * inverse * v_scale + splat(0.0);
    const F64x8 ball = fma(load(keys.max_v + d), splat(error * scale), splat(floor));
    check = fma(o, splat(0.0), fma(ball, splat(0.0), check));
    store_lanes(row.o, d, keys.dim_v, o);
    store_lanes(row.ball, d, keys.dim_v, ball);
  }
  row.finite = sum_lanes(check) == 0;  // infinity times 0 is NaN

  const double log_l = log(row.l);
  row.lse = row.max_t + log_l;
  row.lse_ball = 1.01 * (log_error(weights, weight_sum_error) +
                         kLogError * __builtin_fabs(log_l) + kU * __builtin_fabs(row.lse));
}

inline void attend_double(Block& block, Scratch& scratch) {
  Work work;
  prepare(block, scratch, work);
  scratch.first_panel = work.first_panel;
  scratch.last_panel = work.last_panel;
  scratch.weights = work.high;
  scratch.dots = reinterpret_cast<float*>(work.low);
  scratch.scores = nullptr;
  if (scratch.keep_scores && !work.simple) {
    scratch.scores = scratch.dots + panels(block.keys->count) * kBlockRows * kPanel;
  }
  score_rows(block, scratch, work);

  bool evaluated[kBlockRows];
  F64x8 sums[kBlockRows];
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    evaluated[r] = settle_maximum(block.rows[r], work, r);
    sums[r] = splat(0.0);
  }
  for (std::int64_t p = work.first_panel; p < work.last_panel; p += kTilePanels) {
    const std::int64_t end = min_of(p + kTilePanels, work.last_panel);
    for (std::int64_t r = 0; r < block.num_rows; ++r) {
      weigh(block, r, p, end, evaluated[r], work, sums[r]);
    }
    add_tile(block, work, p, end);
  }
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    if (evaluated[r]) {
      finish(*block.keys, block.rows[r], r, sums[r], work);
    } else {
      clear_results(*block.keys, block.rows[r]);
    }
  }
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
