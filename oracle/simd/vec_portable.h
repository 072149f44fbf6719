// The vectors of vec.h on plain C++. Included by vec.h only; what each operation means is
// written in vec_avx512.h.
#pragma once

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

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
ATTEST_SIMD_INLINE F64x8 with_sign_of(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F64x8, 8, __builtin_copysign(a.x[i], b.x[i]));
}
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
ATTEST_SIMD_INLINE F64x8 power_of_two_of_256ths(F64x8 magic) {
  ATTEST_SIMD_LANES(F64x8, 8, from_bits((bits_of(magic.x[i]) >> 8) << 52));
}
ATTEST_SIMD_INLINE F64x8 look_up(const double* table, F64x8 magic) {
  ATTEST_SIMD_LANES(F64x8, 8, table[bits_of(magic.x[i]) & 15]);
}
ATTEST_SIMD_INLINE F64x8 look_up_high(const double* table, F64x8 magic) {
  ATTEST_SIMD_LANES(F64x8, 8, table[(bits_of(magic.x[i]) >> 4) & 15]);
}
ATTEST_SIMD_INLINE F64x8 look_up_scaled(const double* table, F64x8 magic) {
  const F64x8 entry = look_up(table, magic);
  ATTEST_SIMD_LANES(F64x8, 8, from_bits(bits_of(entry.x[i]) + (bits_of(magic.x[i]) << 48)));
}
ATTEST_SIMD_INLINE F64x8 split_exponent(F64x8 x, F64x8& e) {
  F64x8 fraction;
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t bits = bits_of(x.x[i]);
    const std::uint64_t biased = (bits + kExponentRounding) >> 52;
    e.x[i] = from_bits(biased | kBitsOfTwoTo52) - (0x1p52 + 1023);
    fraction.x[i] = from_bits(bits - ((biased - 1023) << 52));
  }
  return fraction;
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
ATTEST_SIMD_INLINE F32x16 sqrt(F32x16 a) { ATTEST_SIMD_LANES(F32x16, 16, __builtin_sqrtf(a.x[i])); }
/// a < b ? x : y
ATTEST_SIMD_INLINE F32x16 select_less(F32x16 a, F32x16 b, F32x16 x, F32x16 y) {
  ATTEST_SIMD_LANES(F32x16, 16, a.x[i] < b.x[i] ? x.x[i] : y.x[i]);
}
ATTEST_SIMD_INLINE void store_rounded(float* to, F64x8 a) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<float>(a.x[i]);
}
/// Sixteen doubles rounded to float.
ATTEST_SIMD_INLINE F32x16 rounded(F64x8 a, F64x8 b) {
  ATTEST_SIMD_LANES(F32x16, 16, static_cast<float>(i < 8 ? a.x[i] : b.x[i - 8]));
}
/// table[k & 31] for k the integer in the low bits of magic = 1.5 * 2^23 + k.
ATTEST_SIMD_INLINE F32x16 look_up32(const float* table, F32x16 magic) {
  F32x16 result;
  for (int i = 0; i < 16; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, &magic.x[i], sizeof bits);
    result.x[i] = table[bits & 31];
  }
  return result;
}
ATTEST_SIMD_INLINE float largest_of(F32x16 a) {
  float x[16];
  store(x, a);
  for (int i = 1; i < 16; ++i) x[0] = x[i] > x[0] ? x[i] : x[0];
  return x[0];
}
/// x in [0, 255], rounded to nearest, as sixteen bytes.
ATTEST_SIMD_INLINE void store_bytes(unsigned char* to, F32x16 x) {
  float lanes[16];
  store(lanes, x);
  for (int i = 0; i < 16; ++i) {
    to[i] = static_cast<unsigned char>(__builtin_nearbyintf(lanes[i]));
  }
}
/// counts[i] = how many of `size` bytes are at most i; size is a multiple of 128.
template <int kLimits>
void count_bytes(const unsigned char* bytes, std::int64_t size, std::int64_t* counts) {
  for (int i = 0; i < kLimits; ++i) {
    counts[i] = 0;
    for (std::int64_t at = 0; at < size; ++at) counts[i] += bytes[at] <= i ? 1 : 0;
  }
}
ATTEST_SIMD_INLINE F64x8 load_widened(const float* from) {
  ATTEST_SIMD_LANES(F64x8, 8, static_cast<double>(from[i]));
}

#undef ATTEST_SIMD_LANES

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
