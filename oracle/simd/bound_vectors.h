// What key_terms.h and lane_bound.h ask of a vector type, for vec.h. Included by
// bound_pass_impl.h.
#pragma once

#include "oracle/simd/math.h"
#include "oracle/simd/vec.h"
#include "oracle/simd/vec_pair.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

ATTEST_SIMD_INLINE F32x16 splat_like(F32x16 /*like*/, double x) {
  return splat16(static_cast<float>(x));
}
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

/// Doubles d ... d + 7 of an array of `count`, 0 beyond its end.
ATTEST_SIMD_INLINE F64x8 load_some(const double* array, std::int64_t d, std::int64_t count) {
  if (d + 8 <= count) return load(array + d);
  double x[8];
  for (std::int64_t i = 0; i < 8; ++i) x[i] = d + i < count ? array[d + i] : 0;
  return load(x);
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
