// A 16-bit float type as CUDA has two of: the type, its pair, their operators and functions. Each
// operation rounds once, to nearest even.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/simt/compat/cuda_runtime.h"
#include "kernels/simt/device/small_float.h"

// `encode`: float -> bits, rounding; `decode`: bits -> float, exact.
#define ATTEST_SIMT_HALF_TYPE(Type, Raw, Type2, Raw2, encode, decode)                              \
  struct Raw {                                                                                     \
    unsigned short x;                                                                              \
  };                                                                                               \
  struct alignas(2) Type {                                                                         \
    unsigned short __x;                                                                            \
    Type() = default;                                                                              \
    constexpr Type(Raw raw) : __x(raw.x) {}                                                        \
    constexpr Type(float f) : __x(static_cast<unsigned short>(encode(f))) {}                       \
    Type(double d) : Type(attest::simt::round_to_odd(d)) {}                                        \
    constexpr Type(int i) : Type(static_cast<float>(i)) {}                                         \
    constexpr Type(unsigned i) : Type(static_cast<float>(i)) {}                                    \
    Type(long long i) : Type(static_cast<double>(i)) {}                                            \
    Type(unsigned long long i) : Type(static_cast<double>(i)) {}                                   \
    Type(long i) : Type(static_cast<double>(i)) {}                                                 \
    Type(unsigned long i) : Type(static_cast<double>(i)) {}                                        \
    constexpr operator float() const { return decode(__x); }                                       \
    constexpr operator Raw() const { return {__x}; }                                               \
    Type& operator=(float f) { return *this = Type(f); }                                           \
    Type& operator=(double d) { return *this = Type(d); }                                          \
  };                                                                                               \
  struct Raw2 {                                                                                    \
    unsigned short x, y;                                                                           \
  };                                                                                               \
  struct alignas(4) Type2 {                                                                        \
    Type x, y;                                                                                     \
    Type2() = default;                                                                             \
    constexpr Type2(Type a, Type b) : x(a), y(b) {}                                                \
    constexpr Type2(Raw2 raw) : x(Raw{raw.x}), y(Raw{raw.y}) {}                                    \
    constexpr operator Raw2() const { return {x.__x, y.__x}; }                                     \
  };                                                                                               \
  inline Type operator+(Type a, Type b) { return Type(float(a) + float(b)); }                      \
  inline Type operator-(Type a, Type b) { return Type(float(a) - float(b)); }                      \
  inline Type operator*(Type a, Type b) { return Type(float(a) * float(b)); }                      \
  inline Type operator/(Type a, Type b) {                                                          \
    return Type(attest::simt::round_to_odd(double{float(a)} / double{float(b)}));                  \
  }                                                                                                \
  inline Type operator+(Type a) { return a; }                                                      \
  inline Type operator-(Type a) {                                                                  \
    return Type(Raw{static_cast<unsigned short>(a.__x ^ 0x8000u)});                                \
  }                                                                                                \
  inline Type& operator+=(Type& a, Type b) { return a = a + b; }                                   \
  inline Type& operator-=(Type& a, Type b) { return a = a - b; }                                   \
  inline Type& operator*=(Type& a, Type b) { return a = a * b; }                                   \
  inline Type& operator/=(Type& a, Type b) { return a = a / b; }                                   \
  inline bool operator==(Type a, Type b) { return float(a) == float(b); }                          \
  inline bool operator!=(Type a, Type b) { return float(a) != float(b); }                          \
  inline bool operator<(Type a, Type b) { return float(a) < float(b); }                            \
  inline bool operator>(Type a, Type b) { return float(a) > float(b); }                            \
  inline bool operator<=(Type a, Type b) { return float(a) <= float(b); }                          \
  inline bool operator>=(Type a, Type b) { return float(a) >= float(b); }                          \
  inline Type __hadd(Type a, Type b) { return a + b; }                                             \
  inline Type __hsub(Type a, Type b) { return a - b; }                                             \
  inline Type __hmul(Type a, Type b) { return a * b; }                                             \
  inline Type __hdiv(Type a, Type b) { return a / b; }                                             \
  inline Type __hneg(Type a) { return -a; }                                                        \
  inline Type __habs(Type a) { return Type(Raw{static_cast<unsigned short>(a.__x & 0x7fffu)}); }   \
  inline Type __hfma(Type a, Type b, Type c) { return Type(attest::simt::fused_to_odd(a, b, c)); } \
  inline Type __hmax(Type a, Type b) { return Type(std::fmax(float(a), float(b))); }               \
  inline Type __hmin(Type a, Type b) { return Type(std::fmin(float(a), float(b))); }               \
  inline bool __heq(Type a, Type b) { return a == b; }                                             \
  inline bool __hne(Type a, Type b) { return float(a) < float(b) || float(a) > float(b); }         \
  inline bool __hlt(Type a, Type b) { return a < b; }                                              \
  inline bool __hle(Type a, Type b) { return a <= b; }                                             \
  inline bool __hgt(Type a, Type b) { return a > b; }                                              \
  inline bool __hge(Type a, Type b) { return a >= b; }                                             \
  inline bool __hisnan(Type a) { return float(a) != float(a); }                                    \
  inline Type hexp(Type a) { return Type(std::exp(float(a))); }                                    \
  inline Type hexp2(Type a) { return Type(std::exp2(float(a))); }                                  \
  inline Type hlog(Type a) { return Type(std::log(float(a))); }                                    \
  inline Type hlog2(Type a) { return Type(std::log2(float(a))); }                                  \
  inline Type hsqrt(Type a) { return Type(std::sqrt(double{float(a)})); }                          \
  inline Type hrsqrt(Type a) { return Type(1.0 / std::sqrt(double{float(a)})); }                   \
  inline Type hrcp(Type a) { return Type(1.0 / double{float(a)}); }                                \
  inline Type2 operator+(Type2 a, Type2 b) { return {a.x + b.x, a.y + b.y}; }                      \
  inline Type2 operator-(Type2 a, Type2 b) { return {a.x - b.x, a.y - b.y}; }                      \
  inline Type2 operator*(Type2 a, Type2 b) { return {a.x * b.x, a.y * b.y}; }                      \
  inline Type2 operator/(Type2 a, Type2 b) { return {a.x / b.x, a.y / b.y}; }                      \
  inline Type2& operator+=(Type2& a, Type2 b) { return a = a + b; }                                \
  inline Type2& operator*=(Type2& a, Type2 b) { return a = a * b; }                                \
  inline Type2 __hadd2(Type2 a, Type2 b) { return a + b; }                                         \
  inline Type2 __hsub2(Type2 a, Type2 b) { return a - b; }                                         \
  inline Type2 __hmul2(Type2 a, Type2 b) { return a * b; }                                         \
  inline Type2 __h2div(Type2 a, Type2 b) { return a / b; }                                         \
  inline Type2 __hfma2(Type2 a, Type2 b, Type2 c) {                                                \
    return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)};                                         \
  }                                                                                                \
  inline Type2 __hneg2(Type2 a) { return {-a.x, -a.y}; }                                           \
  inline Type2 __hmax2(Type2 a, Type2 b) { return {__hmax(a.x, b.x), __hmax(a.y, b.y)}; }          \
  inline Type2 __hmin2(Type2 a, Type2 b) { return {__hmin(a.x, b.x), __hmin(a.y, b.y)}; }          \
  inline Type2 h2exp(Type2 a) { return {hexp(a.x), hexp(a.y)}; }                                   \
  inline Type2 h2exp2(Type2 a) { return {hexp2(a.x), hexp2(a.y)}; }                                \
  inline float __low2float(Type2 a) { return a.x; }                                                \
  inline float __high2float(Type2 a) { return a.y; }
