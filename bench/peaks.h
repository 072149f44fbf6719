// What a core could do if an inner loop were all there is: the loops of the oracle on numbers that
// stay in registers, in multiply-adds per second, of which a key takes one per dimension for its
// score and one for its value. They say how much of a ratio is in the formulas.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>

#if defined(__AVX512F__)
#define ATTEST_SIMD_AVX512
#elif defined(__AVX2__) && defined(__FMA__)
#define ATTEST_SIMD_AVX2
#else
#define ATTEST_SIMD_PORTABLE
#endif
#include "oracle/simd/vec.h"

namespace attest::bench {

namespace vec = oracle::simd::ATTEST_SIMD_NAMESPACE;

inline volatile double g_sink;

/// Seconds of processor time, so that other processes count less.
inline double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

constexpr std::int64_t kSteps = 100'000;

/// Multiply-adds per second of loop(), which does `amount` at each of kSteps steps: the best of a
/// few. (The loop over the steps is the caller's, so that its numbers stay in registers.)
template <typename Loop>
double best_rate(double amount, const Loop& loop) {
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const double start = now();
    loop();
    best = std::max(best, amount * static_cast<double>(kSteps) / (now() - start));
  }
  return best;
}

/// Independent chains of fused multiply-adds.
inline double fma_peak() {
  constexpr int kChains = 12;
  return best_rate(8 * kChains, [] {
    vec::F64x8 x[kChains];
    for (vec::F64x8& chain : x) chain = vec::splat(1);
    const vec::F64x8 a = vec::splat(1 + g_sink * 0), b = vec::splat(1e-9);
    for (std::int64_t s = 0; s < kSteps; ++s) {
#pragma GCC unroll 12
      for (int c = 0; c < kChains; ++c) x[c] = vec::fma(x[c], a, b);
    }
    for (const vec::F64x8& chain : x) g_sink = vec::sum_lanes(chain);
  });
}

/// multiply_anchored (oracle/simd/micro_kernels.h): four operations, five with low parts.
template <bool kWithLow>
double anchored_peak() {
  constexpr int kChains = 12;
  return best_rate(8 * kChains, [] {
    vec::F64x8 high[kChains], low[kChains];
    for (int c = 0; c < kChains; ++c) {
      high[c] = vec::splat(3);
      low[c] = vec::splat(0.0);
    }
    const vec::F64x8 a = vec::splat(1e-3 + g_sink * 0), b = vec::splat(1e-9);
    const vec::F64x8 a_low = vec::splat(1e-19 + g_sink * 0);
    for (std::int64_t s = 0; s < kSteps; ++s) {
#pragma GCC unroll 12
      for (int c = 0; c < kChains; ++c) {
        const vec::F64x8 sum = vec::fma(a, b, high[c]);
        low[c] += vec::fms(a, b, sum - high[c]);
        high[c] = sum;
        if constexpr (kWithLow) low[c] = vec::fma(a_low, b, low[c]);
      }
    }
    for (int c = 0; c < kChains; ++c) g_sink = vec::sum_lanes(high[c]) + vec::sum_lanes(low[c]);
  });
}
/// Half the multiply-adds are with weights, which have low parts.
inline double double_double_peak() {
  return 2 / (1 / anchored_peak<false>() + 1 / anchored_peak<true>());
}

/// What the sums of the bounds (oracle/simd/bound_sums.h) read: another value at every step.
struct Values {
  alignas(64) float v[16][16];
  Values() {
    for (int i = 0; i < 256; ++i) v[i / 16][i % 16] = static_cast<float>(i) * 1e-3F;
  }
  vec::F32x16 at(std::int64_t step) const { return vec::load16(v[step % 16]); }
};

/// Blended sums: |v - o| times a weight, three operations.
inline double any_order_peak() {
  constexpr int kRows = 12;
  const Values values;
  return best_rate(2 * 16 * kRows, [&] {
    vec::F32x16 o[kRows], around[kRows];
    for (int r = 0; r < kRows; ++r) {
      o[r] = vec::splat16(static_cast<float>(g_sink * 0 + r));
      around[r] = vec::splat16(0);
    }
    for (std::int64_t s = 0; s < kSteps; ++s) {
      const vec::F32x16 v = values.at(s);
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        const vec::F32x16 weight = vec::splat16(values.v[s % 16][r]);
        around[r] = vec::fma(weight, vec::magnitude(v - o[r]), around[r]);
      }
    }
    for (const vec::F32x16& sum : around) g_sink = vec::largest_of(sum);
  });
}

/// Sums with an order and for the statistical bound: twelve operations.
inline double declared_peak() {
  constexpr int kRows = 3;
  const Values values;
  return best_rate(2 * 16 * kRows, [&] {
    vec::F32x16 o[kRows], around[kRows], size[kRows], prefix[kRows], low[kRows], high[kRows];
    vec::F32x16 error[kRows], tilt[kRows];
    for (int r = 0; r < kRows; ++r) {
      o[r] = vec::splat16(static_cast<float>(g_sink * 0 + r));
      around[r] = size[r] = prefix[r] = low[r] = high[r] = error[r] = tilt[r] = vec::splat16(0);
    }
    for (std::int64_t s = 0; s < kSteps; ++s) {
      const vec::F32x16 v = values.at(s);
#pragma GCC unroll 3
      for (int r = 0; r < kRows; ++r) {
        const vec::F32x16 weight = vec::splat16(values.v[s % 16][r]);
        const vec::F32x16 distance = v - o[r];
        around[r] = vec::fma(weight, vec::magnitude(distance), around[r]);
        const vec::F32x16 term = weight * v;
        size[r] += vec::magnitude(term);
        prefix[r] += term;
        low[r] = vec::smaller(prefix[r], low[r]);
        high[r] = vec::larger(prefix[r], high[r]);
        const vec::F32x16 moved = weight * distance;
        error[r] = vec::fma(moved, moved, error[r]);
        tilt[r] = vec::fma(weight, distance, tilt[r]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      const vec::F32x16 sums = around[r] + size[r] + low[r] + high[r] + error[r] + tilt[r];
      g_sink = vec::largest_of(sums);
    }
  });
}

}  // namespace attest::bench
