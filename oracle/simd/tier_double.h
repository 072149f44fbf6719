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

/// Scaled dot products of rows r ... r + kRows - 1 with kPanels panels of keys, or with the first
/// half of one (kVectors = 1; the other half becomes 0). most: raised to them; dots: copies, or
/// null.
template <int kRows, int kPanels, int kVectors>
void score_panels(const Keys& keys, const Work& work, std::int64_t panel, std::int64_t r,
                  const double* factors, float* dots, F64x8* most) {
  F64x8 c[kPanels][kRows][kVectors];
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      for (int h = 0; h < kVectors; ++h) c[p][i][h] = splat(0.0);
    }
  }
  const std::int64_t stride = kPanel * keys.dim_qk;
  multiply<kRows, kPanels, kVectors, 1, kRowSlots>(work.q + r, keys.k + panel * stride, stride,
                                                   keys.dim_qk, c);
  ATTEST_SIMD_UNROLL
  for (int p = 0; p < kPanels; ++p) {
    ATTEST_SIMD_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const F64x8 factor = splat(factors[i]);
      const F64x8 x = c[p][i][0] * factor;
      const F64x8 y = kVectors == 2 ? c[p][i][kVectors - 1] * factor : splat(0.0);
      double* to = row_of(work.high, panel + p, r + i);
      store(to, x);
      store(to + 8, y);
      if (dots != nullptr) store_rounded(dots + panel_entry(r + i, (panel + p) * kPanel), x, y);
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
    if (block.softcap > 0) t = splat(block.softcap) * tanh(t * splat(work.inverse_cap));
    if (row.extra != nullptr) {
      t = t + load_keys(row.extra, j, count, -kInfinity);
      const F64x8 size = load_keys(row.extra_size, j, count, 0);
      const F64x8 seen = hide_outside(row, j, t);
      const Mask8 visible = less(splat(-kInfinity), seen);
      work.lane_extra_most[r] =
          select(visible, larger(size, work.lane_extra_most[r]), work.lane_extra_most[r]);
    }
    t = hide_outside(row, j, t);
    if (scratch.scores != nullptr) store_rounded(scratch.scores + entry, t);
    store(scores + h, t);
    work.lane_most[r] = larger(t, work.lane_most[r]);
  }
}

inline void score_rows(const Block& block, const Scratch& scratch, Work& work) {
  const std::int64_t rows = block.num_rows;
  double factors[kBlockRows];
  for (std::int64_t r = 0; r < rows; ++r) factors[r] = block.rows[r].factor;
  F64x8 ignored[kBlockRows];
  for (F64x8& x : ignored) x = splat(0.0);

  const std::int64_t at_once = rows <= kRowsAtOnce ? panels_at_once(static_cast<int>(rows)) : 1;
  for (std::int64_t p = work.first_panel; p < work.last_panel;) {
    // Side by side only where every half panel has keys.
    const std::int64_t step = (p + at_once) * kPanel < work.last_key + 8 ? at_once : 1;
    const bool inner = p >= work.first_inner && p + step <= work.last_inner;
    const bool done = inner && work.simple;
    float* const dots = scratch.keep_scores ? scratch.dots : nullptr;
    for (std::int64_t r = 0; r < rows; r += kRowsAtOnce) {
      F64x8* most = done ? work.lane_most + r : ignored;
      with_rows<kRowsAtOnce>(min_of(rows - r, kRowsAtOnce), [&]<int kRows>() {
        constexpr int kPanels = panels_at_once(kRows);
        if (kPanels > 1 && step == kPanels) {
          score_panels<kRows, kPanels, 2>(*block.keys, work, p, r, factors + r, dots, most);
        } else if (work.last_key - p * kPanel > 8) {
          score_panels<kRows, 1, 2>(*block.keys, work, p, r, factors + r, dots, most);
        } else {
          score_panels<kRows, 1, 1>(*block.keys, work, p, r, factors + r, dots, most);
        }
      });
    }
    for (const std::int64_t end = p + step; p < end; ++p) {
      if (done) continue;
      for (std::int64_t r = 0; r < rows; ++r) revise_scores(block, scratch, p, r, work);
    }
  }
}

/// Scores of row r in panels [first, last) become weights.
inline void weigh(const Block& block, std::int64_t r, std::int64_t first, std::int64_t last,
                  Work& work) {
  const BlockRow& row = block.rows[r];
  const F64x8 maximum = splat(row.max_t);
  F64x8 sum = work.lane_sum[r];
  for (std::int64_t p = first; p < last; ++p) {
    double* weights = row_of(work.high, p, r);
    F64x8 x = splat(0.0), y = splat(0.0);
    if (work.evaluated[r]) {
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
    work.lane_extra_sum[r] = fma(y, size_y, fma(x, size_x, work.lane_extra_sum[r]));
  }
  work.lane_sum[r] = sum;
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
    // Keys beyond the last one seen have no weight.
    const std::int64_t steps = min_of(kPanel, work.last_key - panel * kPanel);
    multiply<kRows, kPanels, 2, kPanel, 1>(row_of(work.high, panel, r),
                                           keys.v + c * stride + panel * kPanel * kPanel, stride,
                                           steps, sums);
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
  const std::int64_t at_once = rows <= kRowsAtOnce ? panels_at_once(static_cast<int>(rows)) : 1;
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

/// What is left to do to the outputs of a row.
struct Finish {
  double inverse[kRowSlots];  ///< 1 / l
  double error[kRowSlots];    ///< of o, in units of max|v| v_scale
};

/// l, the LSE and errors of rows first ... first + 7. A chain over n keys is off by gamma(n); l by
/// gamma(n / 8 + 5); 1 / l, its product with the sum and with v_scale by u each.
inline void settle_rows(Block& block, std::int64_t first, Work& work, Finish& finish) {
  double maximum[8], sink[8];
  for (std::int64_t r = 0; r < 8; ++r) {
    const BlockRow& row = block.rows[min_of(first + r, block.num_rows - 1)];
    maximum[r] = row.max_t;
    sink[r] = row.has_sink ? row.sink : -kInfinity;
  }
  const F64x8 l = sum_each(work.lane_sum + first) + exp(load(sink) - load(maximum));
  const RowFacts facts = facts_of(block, work, first, l);
  const WeightError weights = weight_error(facts, roundings_double(facts));
  const F64x8 l_error = fma(facts.keys, splat(1.01 / 8 * kU), splat(6 * kU));
  const F64x8 value_error = splat(1.01 * kU) * facts.keys;
  store(finish.inverse + first, splat(1.0) / l);
  store(finish.error + first, output_error(weights, value_error, l_error) + splat(4 * kU));

  const F64x8 log_l = log(l), lse = load(maximum) + log_l;
  const F64x8 rounding = fma(splat(kU), magnitude(lse), splat(kLogError) * magnitude(log_l));
  double lse_of[8], ball_of[8], l_of[8];
  store(lse_of, lse);
  store(ball_of, splat(1.01) * (log_error(weights, l_error) + rounding));
  store(l_of, l);
  for (std::int64_t r = 0; first + r < block.num_rows && r < 8; ++r) {
    BlockRow& row = block.rows[first + r];
    row.lse = lse_of[r];
    row.lse_ball = ball_of[r];
    row.l = l_of[r];
  }
}

/// Outputs and their balls. A chain over n keys underflows by 2^-1075 a step; the floor is normal,
/// because subnormal numbers are slow.
inline void write_row(const Keys& keys, std::int64_t r, const Work& work, const Finish& finish,
                      BlockRow& row) {
  const double scale = __builtin_fabs(row.v_scale);
  const F64x8 inverse = splat(finish.inverse[r]), v_scale = splat(row.v_scale);
  const F64x8 error = splat(finish.error[r] * scale);
  const F64x8 floor = splat((work.keys[r] + 4) * 0x1p-1020 * (1 + scale));
  // + 0 makes -0 of an underflowed product +0, as it is when a 0 is added.
  const auto output = [&](const double* sum) { return load(sum) * inverse * v_scale + splat(0.0); };
  const auto ball = [&](std::int64_t d) { return fma(load(keys.max_v + d), error, floor); };
  std::int64_t d = 0;
  const double* sum = row_of(work.o_high, 0, r);
  for (; d + kPanel <= keys.dim_v; d += kPanel, sum += kBlockRows * kPanel) {
    for (std::int64_t h = 0; h < kPanel; h += 8) {
      store(row.o + d + h, output(sum + h));
      store(row.ball + d + h, ball(d + h));
    }
  }
  for (; d < keys.dim_v; d += 8, sum += 8) {
    store_lanes(row.o, d, keys.dim_v, output(sum));
    store_lanes(row.ball, d, keys.dim_v, ball(d));
  }
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
  settle_maxima(block, work);
  for (std::int64_t p = work.first_panel; p < work.last_panel; p += kTilePanels) {
    const std::int64_t end = min_of(p + kTilePanels, work.last_panel);
    for (std::int64_t r = 0; r < block.num_rows; ++r) weigh(block, r, p, end, work);
    add_tile(block, work, p, end);
  }
  Finish finish;
  for (std::int64_t r = 0; r < block.num_rows; r += 8) settle_rows(block, r, work, finish);
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    if (work.evaluated[r]) {
      settle_finite(work, block.rows[r]);
      write_row(*block.keys, r, work, finish, block.rows[r]);
    } else {
      clear_results(*block.keys, block.rows[r]);
    }
  }
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
