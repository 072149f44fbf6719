// Sums over the keys of each output lane, and the bounds made of them. Included by
// bound_pass_impl.h.
#pragma once

#include "oracle/simd/bound_pass.h"
#include "oracle/simd/bound_vectors.h"
#include "oracle/simd/micro_kernels.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

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
  // Key i of a panel whose first entry is `entry`.
  const auto add_key = [&](std::int64_t entry, std::int64_t i) {
    const F32x16 v = load16(v_row + i * kPanel);
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
  };
  const std::int64_t count = keys.keys->count;
  const std::int64_t whole =
      scratch.last_panel * kPanel <= count ? scratch.last_panel : count / kPanel;
  for (std::int64_t p = scratch.first_panel; p < whole; ++p, v_row += kPanel * kPanel) {
    for (std::int64_t i = 0; i < kPanel; ++i) add_key(panel_entry(r, p * kPanel), i);
  }
  if (whole < scratch.last_panel) {
    for (std::int64_t i = 0; i < count % kPanel; ++i) add_key(panel_entry(r, whole * kPanel), i);
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
