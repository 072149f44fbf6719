// Eight doubles or sixteen floats side by side, on AVX-512, on AVX2 and in plain C++.
//
// Included by the translation units of oracle/simd/ only, each compiled for one instruction set and
// with one of ATTEST_SIMD_AVX512, ATTEST_SIMD_AVX2 or ATTEST_SIMD_PORTABLE defined. Everything
// lives in a namespace of that instruction set and nothing here calls an inline function of the
// standard library: the linker would keep one copy of it for the whole program, perhaps the one
// that needs AVX-512.
//
// Every operation is one IEEE operation per lane, so results are the same bits everywhere. A lane
// is a result of its own; nothing is ever summed across lanes except in the one order of
// sum_lanes().
#pragma once

#if defined(__FAST_MATH__)
#error "the oracle must not be compiled with -ffast-math"
#endif

#if defined(ATTEST_SIMD_AVX512) || defined(ATTEST_SIMD_AVX2)
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(ATTEST_SIMD_AVX512)
#define ATTEST_SIMD_NAMESPACE avx512
#elif defined(ATTEST_SIMD_AVX2)
#define ATTEST_SIMD_NAMESPACE avx2
#elif defined(ATTEST_SIMD_PORTABLE)
#define ATTEST_SIMD_NAMESPACE portable
#else
#error "define ATTEST_SIMD_AVX512, ATTEST_SIMD_AVX2 or ATTEST_SIMD_PORTABLE"
#endif

#define ATTEST_SIMD_INLINE inline __attribute__((always_inline))

namespace attest::oracle::simd {

/// Bits of 1 minus bits of about sqrt(1/2): added to a double, rounds it up to the next power of
/// two from sqrt(1/2) of that on. The exponent field of the sum is then the exponent.
inline constexpr std::int64_t kExponentRounding = 0x3FF0000000000000 - 0x3FE6A09E00000000;
/// With an integer below 2^52 in the low bits: 2^52 plus that integer.
inline constexpr std::int64_t kBitsOfTwoTo52 = 0x4330000000000000;

}  // namespace attest::oracle::simd

#if defined(ATTEST_SIMD_AVX512)
#include "oracle/simd/vec_avx512.h"
#elif defined(ATTEST_SIMD_AVX2)
#include "oracle/simd/vec_avx2.h"
#else
#include "oracle/simd/vec_portable.h"
#endif

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

ATTEST_SIMD_INLINE F64x8& operator+=(F64x8& a, F64x8 b) { return a = a + b; }
ATTEST_SIMD_INLINE F32x16& operator+=(F32x16& a, F32x16 b) { return a = a + b; }

ATTEST_SIMD_INLINE void store_rounded(float* to, F64x8 a, F64x8 b) { store(to, rounded(a, b)); }

/// The one order in which lanes are ever added: pairs of pairs.
ATTEST_SIMD_INLINE double sum_lanes(F64x8 a) {
  double x[8];
  store(x, a);
  return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}
ATTEST_SIMD_INLINE double largest_lane(F64x8 a) {
  double x[8];
  store(x, a);
  for (int i = 1; i < 8; ++i) x[0] = x[i] > x[0] ? x[i] : x[0];
  return x[0];
}
ATTEST_SIMD_INLINE double smallest_lane(F64x8 a) {
  double x[8];
  store(x, a);
  for (int i = 1; i < 8; ++i) x[0] = x[i] < x[0] ? x[i] : x[0];
  return x[0];
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
