// The two inner loops: products of a few rows with panels, in double and with a double-double
// accumulator. Every output is one chain over the steps, in order. Included by engine_impl.h.
#pragma once

#include "oracle/simd/engine.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

// Accumulators live in registers only when loops over them are unrolled.
#if defined(__clang__)
#define ATTEST_SIMD_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ATTEST_SIMD_UNROLL _Pragma("GCC unroll 16")
#endif

// Vectors of accumulators that fit into registers: rows * panels * 2.
#if defined(ATTEST_SIMD_AVX512)
inline constexpr int kAccumulators = 24;
#elif defined(ATTEST_SIMD_AVX2) && defined(__clang__)
inline constexpr int kAccumulators = 4;  // 6 is one register too many: it spills
#elif defined(ATTEST_SIMD_AVX2)
inline constexpr int kAccumulators = 6;
#else
inline constexpr int kAccumulators = 4;
#endif
inline constexpr int kRowsAtOnce = kAccumulators / 2;    ///< in double
inline constexpr int kRowsAtOnceDD = kAccumulators / 4;  ///< with a double-double accumulator

/// Calls job.operator()<rows>() for a number of rows known at run time, 1 <= rows <= kMost.
template <int kMost, typename Job>
ATTEST_SIMD_INLINE void with_rows(std::int64_t rows, const Job& job) {
  if constexpr (kMost == 1) {
    job.template operator()<1>();
  } else if (rows == kMost) {
    job.template operator()<kMost>();
  } else {
    with_rows<kMost - 1>(rows, job);
  }
}

/// How many panels side by side keep the floating-point units busy with `rows` rows.
constexpr int panels_at_once(int rows) {
  const int fit = kAccumulators / (2 * rows);
  return fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
}

/// How far ahead of its use a stream of keys or values is asked for, in doubles: hardware does not
/// look beyond a page.
inline constexpr std::int64_t kPrefetch = 1024;

/// c[p][r] += sum over steps s of a(r, s) b(p, s), in order, where b(p, s) is kVectors vectors at
/// b + p * b_panel + s * kPanel and a(r, s) the double at a + r * kRow + s * kStep.
template <int kRows, int kPanels, int kVectors, int kRow, int kStep>
ATTEST_SIMD_INLINE void multiply(const double* a, const double* b, std::int64_t b_panel,
                                 std::int64_t steps, F64x8 (&c)[kPanels][kRows][kVectors]) {
  for (std::int64_t s = 0; s < steps; ++s) {
    F64x8 x[kPanels][kVectors];
    ATTEST_SIMD_UNROLL
    for (int p = 0; p < kPanels; ++p) {
      const double* from = b + p * b_panel + s * kPanel;
      ATTEST_SIMD_UNROLL
      for (int h = 0; h < kVectors; ++h) {
        x[p][h] = load(from + 8 * h);
        __builtin_prefetch(from + 8 * h + kPrefetch);
      }
    }
    ATTEST_SIMD_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const F64x8 factor = splat(a[r * kRow + s * kStep]);
      ATTEST_SIMD_UNROLL
      for (int p = 0; p < kPanels; ++p) {
        ATTEST_SIMD_UNROLL
        for (int h = 0; h < kVectors; ++h) c[p][r][h] = fma(factor, x[p][h], c[p][r][h]);
      }
    }
  }
}

/// An accumulator anchored to a grid: `high` starts at 3 * 2^e with 2^e above all partial sums, so
/// that it stays in one binade and each addition rounds to the same grid; what it rounds off is
/// found exactly, and summed in `low`.
struct Anchored {
  F64x8 high, low;
};

/// c[r] += sum over steps s of (a(r, s) + a_low(r, s)) b(s), as multiply(); a_low only with
/// kWithLow. Error: ball.h.
template <int kRows, int kVectors, int kRow, int kStep, bool kWithLow>
ATTEST_SIMD_INLINE void multiply_anchored(const double* a, const double* a_low, const double* b,
                                          std::int64_t steps, Anchored (&c)[kRows][kVectors]) {
  for (std::int64_t s = 0; s < steps; ++s) {
    F64x8 x[kVectors];
    for (int h = 0; h < kVectors; ++h) x[h] = load(b + s * kPanel + 8 * h);
    ATTEST_SIMD_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const F64x8 factor = splat(a[r * kRow + s * kStep]);
      ATTEST_SIMD_UNROLL
      for (int h = 0; h < kVectors; ++h) {
        const F64x8 sum = fma(factor, x[h], c[r][h].high);
        const F64x8 on_grid = sum - c[r][h].high;
        c[r][h].low += fms(factor, x[h], on_grid);
        c[r][h].high = sum;
        if constexpr (kWithLow) {
          c[r][h].low = fma(splat(a_low[r * kRow + s * kStep]), x[h], c[r][h].low);
        }
      }
    }
  }
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
