// CUDA's arithmetic and bit intrinsics, and loads and stores with cache hints. Approximate
// functions (__expf, rsqrtf) are the host's exact ones: their error on a device is not modelled.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <math.h>

#include "kernels/simt/device.h"

inline float __expf(float x) { return std::exp(x); }
inline float __exp10f(float x) { return std::pow(10.0f, x); }
inline float __logf(float x) { return std::log(x); }
inline float __log2f(float x) { return std::log2(x); }
inline float __log10f(float x) { return std::log10(x); }
inline float __powf(float x, float y) { return std::pow(x, y); }
inline float __sinf(float x) { return std::sin(x); }
inline float __cosf(float x) { return std::cos(x); }
inline float __tanf(float x) { return std::tan(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float fdividef(float a, float b) { return a / b; }
inline float rsqrtf(float a) { return 1.0f / std::sqrt(a); }
inline double rsqrt(double a) { return 1.0 / std::sqrt(a); }
inline float __saturatef(float a) { return !(a > 0) ? 0.0f : a > 1 ? 1.0f : a; }

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __frsqrt_rn(float a) { return static_cast<float>(1.0 / std::sqrt(double{a})); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }

inline int __float_as_int(float f) { return std::bit_cast<int>(f); }
inline unsigned __float_as_uint(float f) { return std::bit_cast<unsigned>(f); }
inline float __int_as_float(int i) { return std::bit_cast<float>(i); }
inline float __uint_as_float(unsigned i) { return std::bit_cast<float>(i); }
inline long long __double_as_longlong(double d) { return std::bit_cast<long long>(d); }
inline double __longlong_as_double(long long i) { return std::bit_cast<double>(i); }

namespace attest::simt {
/// Conversions saturate on a device, and NaN becomes 0.
inline int to_int(float f) {
  if (f != f) return 0;
  if (f >= 0x1p31f) return INT32_MAX;
  if (f < -0x1p31f) return INT32_MIN;
  return static_cast<int>(f);
}
inline unsigned to_unsigned(float f) {
  if (!(f > 0)) return 0;
  return f >= 0x1p32f ? UINT32_MAX : static_cast<unsigned>(f);
}
}  // namespace attest::simt

inline int __float2int_rn(float f) { return attest::simt::to_int(std::nearbyint(f)); }
inline int __float2int_rz(float f) { return attest::simt::to_int(std::trunc(f)); }
inline int __float2int_rd(float f) { return attest::simt::to_int(std::floor(f)); }
inline int __float2int_ru(float f) { return attest::simt::to_int(std::ceil(f)); }
inline unsigned __float2uint_rn(float f) { return attest::simt::to_unsigned(std::nearbyint(f)); }
inline unsigned __float2uint_rz(float f) { return attest::simt::to_unsigned(std::trunc(f)); }
inline float __int2float_rn(int i) { return static_cast<float>(i); }
inline float __uint2float_rn(unsigned i) { return static_cast<float>(i); }

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline int __ffsll(long long x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1;
}
inline unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int i = 0; i < 32; ++i) reversed |= (x >> i & 1) << (31 - i);
  return reversed;
}
inline int __mul24(int a, int b) { return (a << 8 >> 8) * (b << 8 >> 8); }
inline unsigned __umul24(unsigned a, unsigned b) { return (a & 0xffffff) * (b & 0xffffff); }
inline int __mulhi(int a, int b) { return static_cast<int>((std::int64_t{a} * b) >> 32); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((std::uint64_t{a} * b) >> 32);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>(((std::uint64_t{high} << 32 | low) << (shift & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((std::uint64_t{high} << 32 | low) >> (shift & 31));
}
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const std::uint64_t bytes = std::uint64_t{b} << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned pick = selector >> 4 * i & 0xf;
    unsigned byte = static_cast<unsigned>(bytes >> 8 * (pick & 7)) & 0xff;
    if ((pick & 8) != 0) byte = (byte & 0x80) != 0 ? 0xff : 0;
    result |= byte << 8 * i;
  }
  return result;
}

inline constexpr int min(int a, int b) { return a < b ? a : b; }
inline constexpr int max(int a, int b) { return a > b ? a : b; }
inline constexpr unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
inline constexpr unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
inline constexpr unsigned min(int a, unsigned b) { return min(static_cast<unsigned>(a), b); }
inline constexpr unsigned max(int a, unsigned b) { return max(static_cast<unsigned>(a), b); }
inline constexpr unsigned min(unsigned a, int b) { return min(a, static_cast<unsigned>(b)); }
inline constexpr unsigned max(unsigned a, int b) { return max(a, static_cast<unsigned>(b)); }
inline constexpr long min(long a, long b) { return a < b ? a : b; }
inline constexpr long max(long a, long b) { return a > b ? a : b; }
inline constexpr unsigned long min(unsigned long a, unsigned long b) { return a < b ? a : b; }
inline constexpr unsigned long max(unsigned long a, unsigned long b) { return a > b ? a : b; }
inline constexpr long long min(long long a, long long b) { return a < b ? a : b; }
inline constexpr long long max(long long a, long long b) { return a > b ? a : b; }
inline constexpr unsigned long long min(unsigned long long a, unsigned long long b) {
  return a < b ? a : b;
}
inline constexpr unsigned long long max(unsigned long long a, unsigned long long b) {
  return a > b ? a : b;
}
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }

#define ATTEST_SIMT_LOAD(name)                                                                    \
  template <class T>                                                                              \
  ATTEST_SIMT_RUNTIME inline T name(const T* p, attest::simt::Site site = attest::simt::Site()) { \
    if constexpr (attest::simt::kChecked) {                                                       \
      attest::simt::before_access(p, sizeof(T), false, site);                                     \
    }                                                                                             \
    return *p;                                                                                    \
  }
#define ATTEST_SIMT_STORE(name)                                                          \
  template <class T>                                                                     \
  ATTEST_SIMT_RUNTIME inline void name(T* p, T value,                                    \
                                       attest::simt::Site site = attest::simt::Site()) { \
    if constexpr (attest::simt::kChecked) {                                              \
      attest::simt::before_access(p, sizeof(T), true, site);                             \
    }                                                                                    \
    *p = value;                                                                          \
  }
ATTEST_SIMT_LOAD(__ldg)
ATTEST_SIMT_LOAD(__ldca)
ATTEST_SIMT_LOAD(__ldcg)
ATTEST_SIMT_LOAD(__ldcs)
ATTEST_SIMT_LOAD(__ldlu)
ATTEST_SIMT_LOAD(__ldcv)
ATTEST_SIMT_STORE(__stwb)
ATTEST_SIMT_STORE(__stcg)
ATTEST_SIMT_STORE(__stcs)
ATTEST_SIMT_STORE(__stwt)
#undef ATTEST_SIMT_LOAD
#undef ATTEST_SIMT_STORE
