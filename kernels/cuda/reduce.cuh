// Reductions over a warp and over a block. Every thread gets the result.
#pragma once

#include "kernels/cuda/elements.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr unsigned kWholeWarp = 0xffffffffu;
inline constexpr int kWarp = 32;

struct Max {
  static constexpr float kNeutral = -INFINITY;
  __device__ static float join(float a, float b) { return fmaxf(a, b); }
};
struct Sum {
  static constexpr float kNeutral = 0;
  __device__ static float join(float a, float b) { return a + b; }
};

/// Over groups of kWidth neighbouring lanes, a power of two.
template <typename Op, int kWidth = kWarp>
__device__ inline float reduce_warp(float value) {
#pragma unroll
  for (int offset = kWidth / 2; offset > 0; offset /= 2) {
    value = Op::join(value, __shfl_xor_sync(kWholeWarp, value, offset));
  }
  return value;
}

/// The steps that a planted kernel may replace.
struct ReduceSteps {
  /// The partial results of all warps are there.
  __device__ static void parts_written() { __syncthreads(); }
  /// All warps have read them: the next reduction may overwrite.
  __device__ static void parts_read() { __syncthreads(); }
};

/// Over kWarps warps. Shapes: scratch [kWarps], shared; free again on return.
template <typename Op, int kWarps, typename Steps = ReduceSteps>
__device__ inline float reduce_block(float value, float* scratch) {
  const int lane = threadIdx.x % kWarp;
  value = reduce_warp<Op>(value);
  if (lane == 0) scratch[threadIdx.x / kWarp] = value;
  Steps::parts_written();
  value = lane < kWarps ? scratch[lane] : Op::kNeutral;
  Steps::parts_read();
  return reduce_warp<Op>(value);
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
