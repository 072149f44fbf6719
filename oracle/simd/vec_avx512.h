// The vectors of vec.h on AVX-512 (F, DQ, VL), and what each operation means. Included by vec.h
// only.
#pragma once

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

// Every lane, for the masked forms of operations whose plain forms make g++ 12 warn of values used
// uninitialised inside its own header. They compile to the same instructions.
inline constexpr __mmask8 kAll8 = 0xFF;
inline constexpr __mmask16 kAll16 = 0xFFFF;

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
ATTEST_SIMD_INLINE F64x8 smaller(F64x8 a, F64x8 b) {
  return {_mm512_maskz_min_pd(kAll8, a.x, b.x)};
}
ATTEST_SIMD_INLINE F64x8 larger(F64x8 a, F64x8 b) { return {_mm512_maskz_max_pd(kAll8, a.x, b.x)}; }
ATTEST_SIMD_INLINE F64x8 magnitude(F64x8 a) { return {_mm512_abs_pd(a.x)}; }
/// |a| with the sign of b.
ATTEST_SIMD_INLINE F64x8 with_sign_of(F64x8 a, F64x8 b) {
  const __m512d sign = _mm512_set1_pd(-0.0);
  return {_mm512_or_pd(_mm512_andnot_pd(sign, a.x), _mm512_and_pd(sign, b.x))};
}
ATTEST_SIMD_INLINE F64x8 sqrt(F64x8 a) { return {_mm512_maskz_sqrt_pd(kAll8, a.x)}; }
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
  return {_mm512_castsi512_pd(_mm512_maskz_slli_epi64(kAll8, k, 52))};
}
/// 2^((k >> 8) - 1023) for k the integer in the low bits of magic = 1.5 * 2^52 + k,
/// 256 <= k < 256 * 2047.
ATTEST_SIMD_INLINE F64x8 power_of_two_of_256ths(F64x8 magic) {
  const __m512i k = _mm512_maskz_srli_epi64(kAll8, _mm512_castpd_si512(magic.x), 8);
  return {_mm512_castsi512_pd(_mm512_maskz_slli_epi64(kAll8, k, 52))};
}
/// table[k & 15] for k the integer in the low bits of magic.
ATTEST_SIMD_INLINE F64x8 look_up(const double* table, F64x8 magic) {
  return {_mm512_permutex2var_pd(_mm512_loadu_pd(table), _mm512_castpd_si512(magic.x),
                                 _mm512_loadu_pd(table + 8))};
}
/// table[(k >> 4) & 15] for the same k.
ATTEST_SIMD_INLINE F64x8 look_up_high(const double* table, F64x8 magic) {
  const __m512i k = _mm512_maskz_srli_epi64(kAll8, _mm512_castpd_si512(magic.x), 4);
  return {_mm512_permutex2var_pd(_mm512_loadu_pd(table), k, _mm512_loadu_pd(table + 8))};
}
/// t[k & 15] * 2^(k >> 4) for the same k, where table[i] is t[i] with i * 2^48 subtracted from its
/// bits: adding k * 2^48 gives that back and adds k >> 4 to the exponent, which must stay in range.
ATTEST_SIMD_INLINE F64x8 look_up_scaled(const double* table, F64x8 magic) {
  const __m512i k = _mm512_maskz_slli_epi64(kAll8, _mm512_castpd_si512(magic.x), 48);
  const __m512i entry = _mm512_castpd_si512(look_up(table, magic).x);
  return {_mm512_castsi512_pd(_mm512_add_epi64(entry, k))};
}
/// x / 2^e in about [sqrt(1/2), sqrt(2)) and the integer e, for x positive and normal.
ATTEST_SIMD_INLINE F64x8 split_exponent(F64x8 x, F64x8& e) {
  const __m512i bits = _mm512_castpd_si512(x.x);
  const __m512i biased = _mm512_maskz_srli_epi64(
      kAll8, _mm512_add_epi64(bits, _mm512_set1_epi64(kExponentRounding)), 52);
  const __m512i as_double = _mm512_or_si512(biased, _mm512_set1_epi64(kBitsOfTwoTo52));
  e.x = _mm512_sub_pd(_mm512_castsi512_pd(as_double), _mm512_set1_pd(0x1p52 + 1023));
  const __m512i power =
      _mm512_maskz_slli_epi64(kAll8, _mm512_sub_epi64(biased, _mm512_set1_epi64(1023)), 52);
  return {_mm512_castsi512_pd(_mm512_sub_epi64(bits, power))};
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
ATTEST_SIMD_INLINE F32x16 smaller(F32x16 a, F32x16 b) {
  return {_mm512_maskz_min_ps(kAll16, a.x, b.x)};
}
ATTEST_SIMD_INLINE F32x16 larger(F32x16 a, F32x16 b) {
  return {_mm512_maskz_max_ps(kAll16, a.x, b.x)};
}
ATTEST_SIMD_INLINE F32x16 magnitude(F32x16 a) { return {_mm512_abs_ps(a.x)}; }
ATTEST_SIMD_INLINE F32x16 sqrt(F32x16 a) { return {_mm512_maskz_sqrt_ps(kAll16, a.x)}; }
/// a < b ? x : y
ATTEST_SIMD_INLINE F32x16 select_less(F32x16 a, F32x16 b, F32x16 x, F32x16 y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.x, b.x, _CMP_LT_OQ), y.x, x.x)};
}
/// Eight doubles rounded to float, into eight floats at `to`.
ATTEST_SIMD_INLINE void store_rounded(float* to, F64x8 a) {
  _mm256_storeu_ps(to, _mm512_maskz_cvtpd_ps(kAll8, a.x));
}
/// Sixteen doubles rounded to float.
ATTEST_SIMD_INLINE F32x16 rounded(F64x8 a, F64x8 b) {
  const __m256 x = _mm512_maskz_cvtpd_ps(kAll8, a.x), y = _mm512_maskz_cvtpd_ps(kAll8, b.x);
  return {_mm512_insertf32x8(_mm512_castps256_ps512(x), y, 1)};
}
/// table[k & 31] for k the integer in the low bits of magic = 1.5 * 2^23 + k.
ATTEST_SIMD_INLINE F32x16 look_up32(const float* table, F32x16 magic) {
  return {_mm512_permutex2var_ps(_mm512_loadu_ps(table), _mm512_castps_si512(magic.x),
                                 _mm512_loadu_ps(table + 16))};
}
ATTEST_SIMD_INLINE float largest_of(F32x16 a) {
  float x[16];
  _mm512_storeu_ps(x, a.x);
  __m256 half = _mm256_max_ps(_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8));
  half = _mm256_max_ps(half, _mm256_permute2f128_ps(half, half, 1));
  half = _mm256_max_ps(half, _mm256_permute_ps(half, 0x4e));
  half = _mm256_max_ps(half, _mm256_permute_ps(half, 0xb1));
  return _mm256_cvtss_f32(half);
}
/// x in [0, 255], rounded to nearest, as sixteen bytes.
ATTEST_SIMD_INLINE void store_bytes(unsigned char* to, F32x16 x) {
  const __m512i whole = _mm512_maskz_cvtps_epi32(kAll16, x.x);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_maskz_cvtepi32_epi8(kAll16, whole));
}
/// counts[i] = how many of `size` bytes are at most i; size is a multiple of 128.
template <int kLimits>
void count_bytes(const unsigned char* bytes, std::int64_t size, std::int64_t* counts) {
  for (int i = 0; i < kLimits; ++i) counts[i] = 0;
  for (std::int64_t at = 0; at < size; at += 128) {
    const __m512i x = _mm512_loadu_si512(bytes + at), y = _mm512_loadu_si512(bytes + at + 64);
    for (int i = 0; i < kLimits; ++i) {
      const __m512i limit = _mm512_set1_epi8(static_cast<char>(i));
      counts[i] += __builtin_popcountll(_mm512_cmple_epu8_mask(x, limit)) +
                   __builtin_popcountll(_mm512_cmple_epu8_mask(y, limit));
    }
  }
}
/// Eight floats as doubles.
ATTEST_SIMD_INLINE F64x8 load_widened(const float* from) {
  return {_mm512_maskz_cvtps_pd(kAll8, _mm256_loadu_ps(from))};
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
