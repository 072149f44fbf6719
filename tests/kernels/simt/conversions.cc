// Compiled against the toolkit's headers and against the stand-ins.
#include "tests/kernels/simt/conversions.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

namespace {

__nv_saturation_t saturation(bool saturate) { return saturate ? __NV_SATFINITE : __NV_NOSAT; }
__nv_fp8_interpretation_t kind(bool e4m3) { return e4m3 ? __NV_E4M3 : __NV_E5M2; }

std::uint16_t bits(__half h) { return static_cast<__half_raw>(h).x; }
std::uint16_t bits(__nv_bfloat16 b) { return static_cast<__nv_bfloat16_raw>(b).x; }
__half_raw half(std::uint16_t b) {
  __half_raw raw;
  raw.x = b;
  return raw;
}
__nv_bfloat16_raw bfloat(std::uint16_t b) {
  __nv_bfloat16_raw raw;
  raw.x = b;
  return raw;
}

template <class T>
std::uint16_t operation(int which, T a, T b) {
  switch (which) {
    case 0:
      return bits(a + b);
    case 1:
      return bits(a - b);
    case 2:
      return bits(a * b);
    default:
      return bits(a / b);
  }
}

const Conversions kConversions = {
    [](float f) { return bits(__float2half(f)); },
    [](double d) { return bits(__double2half(d)); },
    [](std::uint16_t b) { return __half2float(__half(half(b))); },
    [](int which, std::uint16_t a, std::uint16_t b) {
      return operation(which, __half(half(a)), __half(half(b)));
    },
    [](float f) { return bits(__float2bfloat16(f)); },
    [](double d) { return bits(__double2bfloat16(d)); },
    [](std::uint16_t b) { return __bfloat162float(__nv_bfloat16(bfloat(b))); },
    [](int which, std::uint16_t a, std::uint16_t b) {
      return operation(which, __nv_bfloat16(bfloat(a)), __nv_bfloat16(bfloat(b)));
    },
    [](float f, bool saturate, bool e4m3) -> std::uint8_t {
      return __nv_cvt_float_to_fp8(f, saturation(saturate), kind(e4m3));
    },
    [](std::uint16_t b, bool saturate, bool e4m3) -> std::uint8_t {
      return __nv_cvt_halfraw_to_fp8(half(b), saturation(saturate), kind(e4m3));
    },
    [](std::uint16_t b, bool saturate, bool e4m3) -> std::uint8_t {
      return __nv_cvt_bfloat16raw_to_fp8(bfloat(b), saturation(saturate), kind(e4m3));
    },
    [](std::uint8_t b, bool e4m3) -> std::uint16_t {
      return __nv_cvt_fp8_to_halfraw(b, kind(e4m3)).x;
    },
    [](float f, bool e4m3) -> std::uint8_t {
      return e4m3 ? __nv_fp8_e4m3(f).__x : __nv_fp8_e5m2(f).__x;
    },
    [](std::uint8_t b, bool e4m3) {
      __nv_fp8_e4m3 x;
      __nv_fp8_e5m2 y;
      x.__x = b;
      y.__x = b;
      return e4m3 ? static_cast<float>(x) : static_cast<float>(y);
    },
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const Conversions* conversions() {
  return &kConversions;
}
