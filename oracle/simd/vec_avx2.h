// The vectors of vec.h on AVX2 and FMA. Included by vec.h only; what each operation means is
// written in vec_avx512.h.
#pragma once

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

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
ATTEST_SIMD_INLINE F64x8 with_sign_of(F64x8 a, F64x8 b) {
  const __m256d sign = _mm256_set1_pd(-0.0);
  return {_mm256_or_pd(_mm256_andnot_pd(sign, a.x), _mm256_and_pd(sign, b.x)),
          _mm256_or_pd(_mm256_andnot_pd(sign, a.y), _mm256_and_pd(sign, b.y))};
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
ATTEST_SIMD_INLINE __m256d power_of_two_of_256ths(__m256d magic) {
  const __m256i k = _mm256_srli_epi64(_mm256_castpd_si256(magic), 8);
  return _mm256_castsi256_pd(_mm256_slli_epi64(k, 52));
}
ATTEST_SIMD_INLINE F64x8 power_of_two_of_256ths(F64x8 magic) {
  return {power_of_two_of_256ths(magic.x), power_of_two_of_256ths(magic.y)};
}
ATTEST_SIMD_INLINE __m256d look_up(const double* table, __m256i k) {
  return _mm256_i64gather_pd(table, _mm256_and_si256(k, _mm256_set1_epi64x(15)), 8);
}
ATTEST_SIMD_INLINE F64x8 look_up(const double* table, F64x8 magic) {
  return {look_up(table, _mm256_castpd_si256(magic.x)),
          look_up(table, _mm256_castpd_si256(magic.y))};
}
ATTEST_SIMD_INLINE F64x8 look_up_high(const double* table, F64x8 magic) {
  return {look_up(table, _mm256_srli_epi64(_mm256_castpd_si256(magic.x), 4)),
          look_up(table, _mm256_srli_epi64(_mm256_castpd_si256(magic.y), 4))};
}
ATTEST_SIMD_INLINE __m256d look_up_scaled(const double* table, __m256d magic) {
  const __m256i k = _mm256_castpd_si256(magic);
  const __m256i entry = _mm256_castpd_si256(look_up(table, k));
  return _mm256_castsi256_pd(_mm256_add_epi64(entry, _mm256_slli_epi64(k, 48)));
}
ATTEST_SIMD_INLINE F64x8 look_up_scaled(const double* table, F64x8 magic) {
  return {look_up_scaled(table, magic.x), look_up_scaled(table, magic.y)};
}
ATTEST_SIMD_INLINE __m256d split_exponent(__m256d x, __m256d& e) {
  const __m256i bits = _mm256_castpd_si256(x);
  const __m256i biased =
      _mm256_srli_epi64(_mm256_add_epi64(bits, _mm256_set1_epi64x(kExponentRounding)), 52);
  const __m256i as_double = _mm256_or_si256(biased, _mm256_set1_epi64x(kBitsOfTwoTo52));
  e = _mm256_sub_pd(_mm256_castsi256_pd(as_double), _mm256_set1_pd(0x1p52 + 1023));
  const __m256i power = _mm256_slli_epi64(_mm256_sub_epi64(biased, _mm256_set1_epi64x(1023)), 52);
  return _mm256_castsi256_pd(_mm256_sub_epi64(bits, power));
}
ATTEST_SIMD_INLINE F64x8 split_exponent(F64x8 x, F64x8& e) {
  return {split_exponent(x.x, e.x), split_exponent(x.y, e.y)};
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
ATTEST_SIMD_INLINE F32x16 sqrt(F32x16 a) { return {_mm256_sqrt_ps(a.x), _mm256_sqrt_ps(a.y)}; }
/// a < b ? x : y
ATTEST_SIMD_INLINE F32x16 select_less(F32x16 a, F32x16 b, F32x16 x, F32x16 y) {
  return {_mm256_blendv_ps(y.x, x.x, _mm256_cmp_ps(a.x, b.x, _CMP_LT_OQ)),
          _mm256_blendv_ps(y.y, x.y, _mm256_cmp_ps(a.y, b.y, _CMP_LT_OQ))};
}
ATTEST_SIMD_INLINE void store_rounded(float* to, F64x8 a) {
  _mm_storeu_ps(to, _mm256_cvtpd_ps(a.x));
  _mm_storeu_ps(to + 4, _mm256_cvtpd_ps(a.y));
}
/// Sixteen doubles rounded to float.
ATTEST_SIMD_INLINE F32x16 rounded(F64x8 a, F64x8 b) {
  return {_mm256_set_m128(_mm256_cvtpd_ps(a.y), _mm256_cvtpd_ps(a.x)),
          _mm256_set_m128(_mm256_cvtpd_ps(b.y), _mm256_cvtpd_ps(b.x))};
}
/// table[k & 31] for k the integer in the low bits of magic = 1.5 * 2^23 + k.
ATTEST_SIMD_INLINE F32x16 look_up32(const float* table, F32x16 magic) {
  const __m256i low = _mm256_set1_epi32(31);
  return {_mm256_i32gather_ps(table, _mm256_and_si256(_mm256_castps_si256(magic.x), low), 4),
          _mm256_i32gather_ps(table, _mm256_and_si256(_mm256_castps_si256(magic.y), low), 4)};
}
ATTEST_SIMD_INLINE float largest_of(F32x16 a) {
  __m256 half = _mm256_max_ps(a.x, a.y);
  half = _mm256_max_ps(half, _mm256_permute2f128_ps(half, half, 1));
  half = _mm256_max_ps(half, _mm256_permute_ps(half, 0x4e));
  half = _mm256_max_ps(half, _mm256_permute_ps(half, 0xb1));
  return _mm256_cvtss_f32(half);
}
/// x in [0, 255], rounded to nearest, as sixteen bytes.
ATTEST_SIMD_INLINE void store_bytes(unsigned char* to, F32x16 x) {
  // Packing works in halves of 128 bits; the permutation puts quarters back in order.
  const __m256i words = _mm256_permute4x64_epi64(
      _mm256_packs_epi32(_mm256_cvtps_epi32(x.x), _mm256_cvtps_epi32(x.y)), 0xd8);
  const __m128i bytes =
      _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
}
/// counts[i] = how many of `size` bytes are at most i; size is a multiple of 128.
template <int kLimits>
void count_bytes(const unsigned char* bytes, std::int64_t size, std::int64_t* counts) {
  constexpr std::int64_t kMost = 63 * 128;  // so that no sum of a byte passes 255
  const __m256i zero = _mm256_setzero_si256();
  for (int i = 0; i < kLimits; ++i) counts[i] = 0;
  for (std::int64_t begin = 0; begin < size; begin += kMost) {
    const std::int64_t end = size - begin < kMost ? size : begin + kMost;
    for (int i = 0; i < kLimits; ++i) {
      const __m256i limit = _mm256_set1_epi8(static_cast<char>(i));
      __m256i sums = zero;
      for (std::int64_t at = begin; at < end; at += 32) {
        const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + at));
        sums = _mm256_sub_epi8(sums, _mm256_cmpeq_epi8(_mm256_min_epu8(x, limit), x));
      }
      const __m256i quarters = _mm256_sad_epu8(sums, zero);
      const __m128i halves =
          _mm_add_epi64(_mm256_castsi256_si128(quarters), _mm256_extracti128_si256(quarters, 1));
      counts[i] += _mm_cvtsi128_si64(halves) + _mm_extract_epi64(halves, 1);
    }
  }
}
ATTEST_SIMD_INLINE F64x8 load_widened(const float* from) {
  return {_mm256_cvtps_pd(_mm_loadu_ps(from)), _mm256_cvtps_pd(_mm_loadu_ps(from + 4))};
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
