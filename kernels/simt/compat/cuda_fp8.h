// Stands in for CUDA's <cuda_fp8.h>. Conversions agree with it bit for bit.
#pragma once
#pragma GCC system_header

#include "cuda_bf16.h"
#include "cuda_fp16.h"

using __nv_fp8_storage_t = unsigned char;
using __nv_fp8x2_storage_t = unsigned short;
using __nv_fp8x4_storage_t = unsigned;
enum __nv_saturation_t { __NV_NOSAT, __NV_SATFINITE };
enum __nv_fp8_interpretation_t { __NV_E4M3, __NV_E5M2 };

namespace attest::simt {
inline std::uint32_t fp8_bits(float f, bool saturate, bool e4m3) {
  return e4m3 ? E4M3::encode(f, saturate) : E5M2::encode(f, saturate);
}
inline float from_fp8(std::uint32_t bits, bool e4m3) {
  return e4m3 ? E4M3::decode(bits) : E5M2::decode(bits);
}
}  // namespace attest::simt

inline __nv_fp8_storage_t __nv_cvt_float_to_fp8(float f, __nv_saturation_t saturate,
                                                __nv_fp8_interpretation_t kind) {
  return static_cast<__nv_fp8_storage_t>(
      attest::simt::fp8_bits(f, saturate == __NV_SATFINITE, kind == __NV_E4M3));
}
inline __nv_fp8_storage_t __nv_cvt_double_to_fp8(double d, __nv_saturation_t saturate,
                                                 __nv_fp8_interpretation_t kind) {
  return __nv_cvt_float_to_fp8(attest::simt::round_to_odd(d), saturate, kind);
}
inline __nv_fp8_storage_t __nv_cvt_halfraw_to_fp8(__half_raw h, __nv_saturation_t saturate,
                                                  __nv_fp8_interpretation_t kind) {
  return __nv_cvt_float_to_fp8(__half(h), saturate, kind);
}
inline __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_fp8(__nv_bfloat16_raw b,
                                                      __nv_saturation_t saturate,
                                                      __nv_fp8_interpretation_t kind) {
  return __nv_cvt_float_to_fp8(__nv_bfloat16(b), saturate, kind);
}
inline __nv_fp8x2_storage_t __nv_cvt_float2_to_fp8x2(float2 f, __nv_saturation_t saturate,
                                                     __nv_fp8_interpretation_t kind) {
  return static_cast<__nv_fp8x2_storage_t>(__nv_cvt_float_to_fp8(f.x, saturate, kind) |
                                           __nv_cvt_float_to_fp8(f.y, saturate, kind) << 8);
}
inline __half_raw __nv_cvt_fp8_to_halfraw(__nv_fp8_storage_t bits, __nv_fp8_interpretation_t kind) {
  return __half(attest::simt::from_fp8(bits, kind == __NV_E4M3));
}
inline __half2_raw __nv_cvt_fp8x2_to_halfraw2(__nv_fp8x2_storage_t bits,
                                              __nv_fp8_interpretation_t kind) {
  return {__nv_cvt_fp8_to_halfraw(static_cast<__nv_fp8_storage_t>(bits & 0xff), kind).x,
          __nv_cvt_fp8_to_halfraw(static_cast<__nv_fp8_storage_t>(bits >> 8), kind).x};
}

#define ATTEST_SIMT_FP8_TYPE(Type, kind)                                                         \
  struct Type {                                                                                  \
    __nv_fp8_storage_t __x;                                                                      \
    Type() = default;                                                                            \
    explicit Type(float f) : __x(__nv_cvt_float_to_fp8(f, __NV_SATFINITE, kind)) {}              \
    explicit Type(double d) : __x(__nv_cvt_double_to_fp8(d, __NV_SATFINITE, kind)) {}            \
    explicit Type(__half h) : Type(static_cast<float>(h)) {}                                     \
    explicit Type(__nv_bfloat16 b) : Type(static_cast<float>(b)) {}                              \
    explicit Type(int i) : Type(static_cast<double>(i)) {}                                       \
    explicit operator float() const { return attest::simt::from_fp8(__x, kind == __NV_E4M3); }   \
    explicit operator double() const { return static_cast<float>(*this); }                       \
    explicit operator __half() const { return __half(static_cast<float>(*this)); }               \
    explicit operator __nv_bfloat16() const { return __nv_bfloat16(static_cast<float>(*this)); } \
  };
ATTEST_SIMT_FP8_TYPE(__nv_fp8_e4m3, __NV_E4M3)
ATTEST_SIMT_FP8_TYPE(__nv_fp8_e5m2, __NV_E5M2)
#undef ATTEST_SIMT_FP8_TYPE

#define ATTEST_SIMT_FP8_VECTORS(Type2, Type4, kind)                                              \
  struct alignas(2) Type2 {                                                                      \
    __nv_fp8x2_storage_t __x;                                                                    \
    Type2() = default;                                                                           \
    explicit Type2(float2 f) : __x(__nv_cvt_float2_to_fp8x2(f, __NV_SATFINITE, kind)) {}         \
    explicit Type2(__half2 h) : Type2(float2{h.x, h.y}) {}                                       \
    explicit operator float2() const {                                                           \
      return {attest::simt::from_fp8(__x & 0xff, kind == __NV_E4M3),                             \
              attest::simt::from_fp8(__x >> 8, kind == __NV_E4M3)};                              \
    }                                                                                            \
    explicit operator __half2() const { return __half2(__nv_cvt_fp8x2_to_halfraw2(__x, kind)); } \
  };                                                                                             \
  struct alignas(4) Type4 {                                                                      \
    __nv_fp8x4_storage_t __x;                                                                    \
    Type4() = default;                                                                           \
    explicit Type4(float4 f)                                                                     \
        : __x(__nv_cvt_float2_to_fp8x2({f.x, f.y}, __NV_SATFINITE, kind) |                       \
              static_cast<unsigned>(__nv_cvt_float2_to_fp8x2({f.z, f.w}, __NV_SATFINITE, kind))  \
                  << 16) {}                                                                      \
    explicit operator float4() const {                                                           \
      return {attest::simt::from_fp8(__x & 0xff, kind == __NV_E4M3),                             \
              attest::simt::from_fp8(__x >> 8 & 0xff, kind == __NV_E4M3),                        \
              attest::simt::from_fp8(__x >> 16 & 0xff, kind == __NV_E4M3),                       \
              attest::simt::from_fp8(__x >> 24, kind == __NV_E4M3)};                             \
    }                                                                                            \
  };
ATTEST_SIMT_FP8_VECTORS(__nv_fp8x2_e4m3, __nv_fp8x4_e4m3, __NV_E4M3)
ATTEST_SIMT_FP8_VECTORS(__nv_fp8x2_e5m2, __nv_fp8x4_e5m2, __NV_E5M2)
#undef ATTEST_SIMT_FP8_VECTORS
