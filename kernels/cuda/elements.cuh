// Element types of q, k, v and o in device code: what ABI type they are, to f32 and back.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

#include "kernels/cuda/build.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(__half x) { return __half2float(x); }
__device__ inline float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline float to_float(__nv_fp8_e4m3 x) { return static_cast<float>(x); }

/// The element nearest to `x`, ties to even. Too large for e4m3: 448, as cvt.satfinite has it.
template <typename T>
__device__ inline T from_float(float x) {
  return T(x);
}
template <>
__device__ inline __half from_float<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

template <typename T>
inline constexpr std::int32_t kDtype = ATTEST_F32;
template <>
inline constexpr std::int32_t kDtype<__half> = ATTEST_F16;
template <>
inline constexpr std::int32_t kDtype<__nv_bfloat16> = ATTEST_BF16;
template <>
inline constexpr std::int32_t kDtype<__nv_fp8_e4m3> = ATTEST_E4M3;

/// Types of a kernel's tensors. Sums and scores are in f32.
template <typename Q, typename Cache = Q, typename Output = Q>
struct Types {
  using q = Q;
  using cache = Cache;
  using o = Output;
};

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
