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

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

#if defined(ATTEST_SIMD_AVX512)

struct F64x8 {
  __m512d x;
};
struct F32x16 {
  __m512 x;
};
/// One bit per lane of an F64x8.
struct Mask8 {
  __mmask8 x;
};

ATTEST_SIMD_INLINE F64x8 splat(double a) { return {_mm512_set1_pd(a)}; }
ATTEST_SIMD_INLINE F64x8 load(const double* from) { return {_mm512_loadu_pd(from)}; }
ATTEST_SIMD_INLINE void store(double* to, F64x8 a) { _mm512_storeu_pd(to, a.x); }
ATTEST_SIMD_INLINE F64x8 operator+(F64x8 a, F64x8 b) { return {_mm512_add_pd(a.x, b.x)}; }
ATTEST_SIMD_INLINE F64x8 operator-(F64x8 a, F64x8 b) { return {_mm512_sub_pd(a.x, b.x)}; }
ATTEST_SIMD_INLINE F64x8 operator*(F64x8 a, F64x8 b) { return {_mm512_mul_pd(a.x, b.x)}; }
ATTEST_SIMD_INLINE F64x8 operator/(F64x8 a, F64x8 b) { return {_mm512_div_pd(a.x, b.x)}; }
/// a * b + c, a * b - c, c - a * b, rounded once.
ATTEST_SIMD_INLINE F64x8 fma(F64x8 a, F64x8 b, F64x8 c) { return {_mm512_fmadd_pd(a.x, b.x, c.x)}; }
ATTEST_SIMD_INLINE F64x8 fms(F64x8 a, F64x8 b, F64x8 c) { return {_mm512_fmsub_pd(a.x, b.x, c.x)}; }
ATTEST_SIMD_INLINE F64x8 fnma(F64x8 a, F64x8 b, F64x8 c) {
  return {_mm512_fnmadd_pd(a.x, b.x, c.x)};
}
/// a < b ? a : b and a > b ? a : b; the second operand when either is NaN.
ATTEST_SIMD_INLINE F64x8 smaller(F64x8 a, F64x8 b) { return {_mm512_min_pd(a.x, b.x)}; }
ATTEST_SIMD_INLINE F64x8 larger(F64x8 a, F64x8 b) { return {_mm512_max_pd(a.x, b.x)}; }
ATTEST_SIMD_INLINE F64x8 magnitude(F64x8 a) { return {_mm512_abs_pd(a.x)}; }
ATTEST_SIMD_INLINE F64x8 sqrt(F64x8 a) { return {_mm512_sqrt_pd(a.x)}; }
ATTEST_SIMD_INLINE Mask8 less(F64x8 a, F64x8 b) {
  return {_mm512_cmp_pd_mask(a.x, b.x, _CMP_LT_OQ)};
}
/// mask ? a : b
ATTEST_SIMD_INLINE F64x8 select(Mask8 mask, F64x8 a, F64x8 b) {
  return {_mm512_mask_blend_pd(mask.x, b.x, a.x)};
}
/// 2^k for k the integer in the low bits of magic = 1.5 * 2^52 + k, -1022 <= k <= 1023.
ATTEST_SIMD_INLINE F64x8 power_of_two(F64x8 magic) {
  const __m512i k = _mm512_add_epi64(_mm512_castpd_si512(magic.x), _mm512_set1_epi64(1023));
  return {_mm512_castsi512_pd(_mm512_slli_epi64(k, 52))};
}
/// 2^(k >> 4) for the same k, -16 * 1022 <= k <= 16 * 1023.
ATTEST_SIMD_INLINE F64x8 power_of_two_of_sixteenths(F64x8 magic) {
  __m512i k = _mm512_castpd_si512(magic.x);
  k = _mm512_srai_epi64(_mm512_slli_epi64(k, 13), 17);
  k = _mm512_add_epi64(k, _mm512_set1_epi64(1023));
  return {_mm512_castsi512_pd(_mm512_slli_epi64(k, 52))};
}
/// table[k & 15] for the same k.
ATTEST_SIMD_INLINE F64x8 look_up(const double* table, F64x8 magic) {
  return {_mm512_permutex2var_pd(_mm512_loadu_pd(table), _mm512_castpd_si512(magic.x),
                                 _mm512_loadu_pd(table + 8))};
}

ATTEST_SIMD_INLINE F32x16 splat16(float a) { return {_mm512_set1_ps(a)}; }
ATTEST_SIMD_INLINE F32x16 load16(const float* from) { return {_mm512_loadu_ps(from)}; }
ATTEST_SIMD_INLINE void store(float* to, F32x16 a) { _mm512_storeu_ps(to, a.x); }
ATTEST_SIMD_INLINE F32x16 operator+(F32x16 a, F32x16 b) { return {_mm512_add_ps(a.x, b.x)}; }
ATTEST_SIMD_INLINE F32x16 operator-(F32x16 a, F32x16 b) { return {_mm512_sub_ps(a.x, b.x)}; }
ATTEST_SIMD_INLINE F32x16 operator*(F32x16 a, F32x16 b) { return {_mm512_mul_ps(a.x, b.x)}; }
ATTEST_SIMD_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm512_fmadd_ps(a.x, b.x, c.x)};
}
ATTEST_SIMD_INLINE F32x16 smaller(F32x16 a, F32x16 b) { return {_mm512_min_ps(a.x, b.x)}; }
ATTEST_SIMD_INLINE F32x16 larger(F32x16 a, F32x16 b) { return {_mm512_max_ps(a.x, b.x)}; }
ATTEST_SIMD_INLINE F32x16 magnitude(F32x16 a) { return {_mm512_abs_ps(a.x)}; }
/// Eight doubles rounded to float, into eight floats at `to`.
ATTEST_SIMD_INLINE void store_rounded(float* to, F64x8 a) {
  _mm256_storeu_ps(to, _mm512_cvtpd_ps(a.x));
}
/// Eight floats as doubles.
ATTEST_SIMD_INLINE F64x8 load_widened(const float* from) {
  return {_mm512_cvtps_pd(_mm256_loadu_ps(from))};
}

#elif defined(ATTEST_SIMD_AVX2)

struct F64x8 {
  __m256d x, y;
};
struct F32x16 {
  __m256 x, y;
};
/// All bits of a lane set or none.
struct Mask8 {
  __m256d x, y;
};

ATTEST_SIMD_INLINE F64x8 splat(double a) { return {_mm256_set1_pd(a), _mm256_set1_pd(a)}; }
ATTEST_SIMD_INLINE F64x8 load(const double* from) {
  return {_mm256_loadu_pd(from), _mm256_loadu_pd(from + 4)};
}
ATTEST_SIMD_INLINE void store(double* to, F64x8 a) {
  _mm256_storeu_pd(to, a.x);
  _mm256_storeu_pd(to + 4, a.y);
}
ATTEST_SIMD_INLINE F64x8 operator+(F64x8 a, F64x8 b) {
  return {_mm256_add_pd(a.x, b.x), _mm256_add_pd(a.y, b.y)};
}
ATTEST_SIMD_INLINE F64x8 operator-(F64x8 a, F64x8 b) {
  return {_mm256_sub_pd(a.x, b.x), _mm256_sub_pd(a.y, b.y)};
}
ATTEST_SIMD_INLINE F64x8 operator*(F64x8 a, F64x8 b) {
  return {_mm256_mul_pd(a.x, b.x), _mm256_mul_pd(a.y, b.y)};
}
ATTEST_SIMD_INLINE F64x8 operator/(F64x8 a, F64x8 b) {
  return {_mm256_div_pd(a.x, b.x), _mm256_div_pd(a.y, b.y)};
}
ATTEST_SIMD_INLINE F64x8 fma(F64x8 a, F64x8 b, F64x8 c) {
  return {_mm256_fmadd_pd(a.x, b.x, c.x), _mm256_fmadd_pd(a.y, b.y, c.y)};
}
ATTEST_SIMD_INLINE F64x8 fms(F64x8 a, F64x8 b, F64x8 c) {
  return {_mm256_fmsub_pd(a.x, b.x, c.x), _mm256_fmsub_pd(a.y, b.y, c.y)};
}
ATTEST_SIMD_INLINE F64x8 fnma(F64x8 a, F64x8 b, F64x8 c) {
  return {_mm256_fnmadd_pd(a.x, b.x, c.x), _mm256_fnmadd_pd(a.y, b.y, c.y)};
}
ATTEST_SIMD_INLINE F64x8 smaller(F64x8 a, F64x8 b) {
  return {_mm256_min_pd(a.x, b.x), _mm256_min_pd(a.y, b.y)};
}
ATTEST_SIMD_INLINE F64x8 larger(F64x8 a, F64x8 b) {
  return {_mm256_max_pd(a.x, b.x), _mm256_max_pd(a.y, b.y)};
}
ATTEST_SIMD_INLINE F64x8 magnitude(F64x8 a) {
  const __m256d sign = _mm256_set1_pd(-0.0);
  return {_mm256_andnot_pd(sign, a.x), _mm256_andnot_pd(sign, a.y)};
}
ATTEST_SIMD_INLINE F64x8 sqrt(F64x8 a) { return {_mm256_sqrt_pd(a.x), _mm256_sqrt_pd(a.y)}; }
ATTEST_SIMD_INLINE Mask8 less(F64x8 a, F64x8 b) {
  return {_mm256_cmp_pd(a.x, b.x, _CMP_LT_OQ), _mm256_cmp_pd(a.y, b.y, _CMP_LT_OQ)};
}
ATTEST_SIMD_INLINE F64x8 select(Mask8 mask, F64x8 a, F64x8 b) {
  return {_mm256_blendv_pd(b.x, a.x, mask.x), _mm256_blendv_pd(b.y, a.y, mask.y)};
}
ATTEST_SIMD_INLINE __m256d power_of_two(__m256d magic) {
  const __m256i k = _mm256_add_epi64(_mm256_castpd_si256(magic), _mm256_set1_epi64x(1023));
  return _mm256_castsi256_pd(_mm256_slli_epi64(k, 52));
}
ATTEST_SIMD_INLINE F64x8 power_of_two(F64x8 magic) {
  return {power_of_two(magic.x), power_of_two(magic.y)};
}
ATTEST_SIMD_INLINE __m256d power_of_two_of_sixteenths(__m256d magic) {
  // There is no 64-bit arithmetic shift: the bias makes all k positive first.
  __m256i k = _mm256_add_epi64(_mm256_castpd_si256(magic), _mm256_set1_epi64x(16 * 1023));
  k = _mm256_srli_epi64(_mm256_slli_epi64(k, 13), 17);
  return _mm256_castsi256_pd(_mm256_slli_epi64(k, 52));
}
ATTEST_SIMD_INLINE F64x8 power_of_two_of_sixteenths(F64x8 magic) {
  return {power_of_two_of_sixteenths(magic.x), power_of_two_of_sixteenths(magic.y)};
}
ATTEST_SIMD_INLINE F64x8 look_up(const double* table, F64x8 magic) {
  const __m256i low = _mm256_set1_epi64x(15);
  return {_mm256_i64gather_pd(table, _mm256_and_si256(_mm256_castpd_si256(magic.x), low), 8),
          _mm256_i64gather_pd(table, _mm256_and_si256(_mm256_castpd_si256(magic.y), low), 8)};
}

ATTEST_SIMD_INLINE F32x16 splat16(float a) { return {_mm256_set1_ps(a), _mm256_set1_ps(a)}; }
ATTEST_SIMD_INLINE F32x16 load16(const float* from) {
  return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}
ATTEST_SIMD_INLINE void store(float* to, F32x16 a) {
  _mm256_storeu_ps(to, a.x);
  _mm256_storeu_ps(to + 8, a.y);
}
ATTEST_SIMD_INLINE F32x16 operator+(F32x16 a, F32x16 b) {
  return {_mm256_add_ps(a.x, b.x), _mm256_add_ps(a.y, b.y)};
}
ATTEST_SIMD_INLINE F32x16 operator-(F32x16 a, F32x16 b) {
  return {_mm256_sub_ps(a.x, b.x), _mm256_sub_ps(a.y, b.y)};
}
ATTEST_SIMD_INLINE F32x16 operator*(F32x16 a, F32x16 b) {
  return {_mm256_mul_ps(a.x, b.x), _mm256_mul_ps(a.y, b.y)};
}
ATTEST_SIMD_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm256_fmadd_ps(a.x, b.x, c.x), _mm256_fmadd_ps(a.y, b.y, c.y)};
}
ATTEST_SIMD_INLINE F32x16 smaller(F32x16 a, F32x16 b) {
  return {_mm256_min_ps(a.x, b.x), _mm256_min_ps(a.y, b.y)};
}
ATTEST_SIMD_INLINE F32x16 larger(F32x16 a, F32x16 b) {
  return {_mm256_max_ps(a.x, b.x), _mm256_max_ps(a.y, b.y)};
}
ATTEST_SIMD_INLINE F32x16 magnitude(F32x16 a) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_andnot_ps(sign, a.x), _mm256_andnot_ps(sign, a.y)};
}
ATTEST_SIMD_INLINE void store_rounded(float* to, F64x8 a) {
  _mm_storeu_ps(to, _mm256_cvtpd_ps(a.x));
  _mm_storeu_ps(to + 4, _mm256_cvtpd_ps(a.y));
}
ATTEST_SIMD_INLINE F64x8 load_widened(const float* from) {
  return {_mm256_cvtps_pd(_mm_loadu_ps(from)), _mm256_cvtps_pd(_mm_loadu_ps(from + 4))};
}

#else

struct F64x8 {
  double x[8];
};
struct F32x16 {
  float x[16];
};
struct Mask8 {
  bool x[8];
};

/// One loop over the lanes; the compiler may use whatever vectors it has.
#define ATTEST_SIMD_LANES(Type, count, expression)              \
  Type result;                                                  \
  for (int i = 0; i < (count); ++i) result.x[i] = (expression); \
  return result

ATTEST_SIMD_INLINE F64x8 splat(double a) { ATTEST_SIMD_LANES(F64x8, 8, a); }
ATTEST_SIMD_INLINE F64x8 load(const double* from) { ATTEST_SIMD_LANES(F64x8, 8, from[i]); }
ATTEST_SIMD_INLINE void store(double* to, F64x8 a) {
  for (int i = 0; i < 8; ++i) to[i] = a.x[i];
}
ATTEST_SIMD_INLINE F64x8 operator+(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, a.x[i] + b.x[i]);
}
ATTEST_SIMD_INLINE F64x8 operator-(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, a.x[i] - b.x[i]);
}
ATTEST_SIMD_INLINE F64x8 operator*(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, a.x[i] * b.x[i]);
}
ATTEST_SIMD_INLINE F64x8 operator/(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, a.x[i] / b.x[i]);
}
ATTEST_SIMD_INLINE F64x8 fma(F64x8 a, F64x8 b, F64x8 c) {
  ATTEST_SIMD_LANES(F64x8, 8, __builtin_fma(a.x[i], b.x[i], c.x[i]));
}
ATTEST_SIMD_INLINE F64x8 fms(F64x8 a, F64x8 b, F64x8 c) {
  ATTEST_SIMD_LANES(F64x8, 8, __builtin_fma(a.x[i], b.x[i], -c.x[i]));
}
ATTEST_SIMD_INLINE F64x8 fnma(F64x8 a, F64x8 b, F64x8 c) {
  ATTEST_SIMD_LANES(F64x8, 8, __builtin_fma(-a.x[i], b.x[i], c.x[i]));
}
ATTEST_SIMD_INLINE F64x8 smaller(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, a.x[i] < b.x[i] ? a.x[i] : b.x[i]);
}
ATTEST_SIMD_INLINE F64x8 larger(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, a.x[i] > b.x[i] ? a.x[i] : b.x[i]);
}
ATTEST_SIMD_INLINE F64x8 magnitude(F64x8 a) { ATTEST_SIMD_LANES(F64x8, 8, __builtin_fabs(a.x[i])); }
ATTEST_SIMD_INLINE F64x8 sqrt(F64x8 a) { ATTEST_SIMD_LANES(F64x8, 8, __builtin_sqrt(a.x[i])); }
ATTEST_SIMD_INLINE Mask8 less(F64x8 a, F64x8 b) { ATTEST_SIMD_LANES(Mask8, 8, a.x[i] < b.x[i]); }
ATTEST_SIMD_INLINE F64x8 select(Mask8 mask, F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, mask.x[i] ? a.x[i] : b.x[i]);
}
ATTEST_SIMD_INLINE std::uint64_t bits_of(double a) {
  std::uint64_t bits;
  std::memcpy(&bits, &a, sizeof bits);
  return bits;
}
ATTEST_SIMD_INLINE double from_bits(std::uint64_t bits) {
  double a;
  std::memcpy(&a, &bits, sizeof a);
  return a;
}
ATTEST_SIMD_INLINE F64x8 power_of_two(F64x8 magic) {
  ATTEST_SIMD_LANES(F64x8, 8, from_bits((bits_of(magic.x[i]) + 1023) << 52));
}
ATTEST_SIMD_INLINE F64x8 power_of_two_of_sixteenths(F64x8 magic) {
  ATTEST_SIMD_LANES(F64x8, 8, from_bits((((bits_of(magic.x[i]) + 16 * 1023) << 13) >> 17) << 52));
}
ATTEST_SIMD_INLINE F64x8 look_up(const double* table, F64x8 magic) {
  ATTEST_SIMD_LANES(F64x8, 8, table[bits_of(magic.x[i]) & 15]);
}

ATTEST_SIMD_INLINE F32x16 splat16(float a) { ATTEST_SIMD_LANES(F32x16, 16, a); }
ATTEST_SIMD_INLINE F32x16 load16(const float* from) { ATTEST_SIMD_LANES(F32x16, 16, from[i]); }
ATTEST_SIMD_INLINE void store(float* to, F32x16 a) {
  for (int i = 0; i < 16; ++i) to[i] = a.x[i];
}
ATTEST_SIMD_INLINE F32x16 operator+(F32x16 a, F32x16 b) {
  ATTEST_SIMD_LANES(F32x16, 16, a.x[i] + b.x[i]);
}
ATTEST_SIMD_INLINE F32x16 operator-(F32x16 a, F32x16 b) {
  ATTEST_SIMD_LANES(F32x16, 16, a.x[i] - b.x[i]);
}
ATTEST_SIMD_INLINE F32x16 operator*(F32x16 a, F32x16 b) {
  ATTEST_SIMD_LANES(F32x16, 16, a.x[i] * b.x[i]);
}
ATTEST_SIMD_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  ATTEST_SIMD_LANES(F32x16, 16, __builtin_fmaf(a.x[i], b.x[i], c.x[i]));
}
ATTEST_SIMD_INLINE F32x16 smaller(F32x16 a, F32x16 b) {
  ATTEST_SIMD_LANES(F32x16, 16, a.x[i] < b.x[i] ? a.x[i] : b.x[i]);
}
ATTEST_SIMD_INLINE F32x16 larger(F32x16 a, F32x16 b) {
  ATTEST_SIMD_LANES(F32x16, 16, a.x[i] > b.x[i] ? a.x[i] : b.x[i]);
}
ATTEST_SIMD_INLINE F32x16 magnitude(F32x16 a) {
  ATTEST_SIMD_LANES(F32x16, 16, __builtin_fabsf(a.x[i]));
}
ATTEST_SIMD_INLINE void store_rounded(float* to, F64x8 a) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<float>(a.x[i]);
}
ATTEST_SIMD_INLINE F64x8 load_widened(const float* from) {
  ATTEST_SIMD_LANES(F64x8, 8, static_cast<double>(from[i]));
}

#undef ATTEST_SIMD_LANES

#endif

ATTEST_SIMD_INLINE F64x8& operator+=(F64x8& a, F64x8 b) { return a = a + b; }
ATTEST_SIMD_INLINE F32x16& operator+=(F32x16& a, F32x16 b) { return a = a + b; }

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
