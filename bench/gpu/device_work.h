// The device code of bench_gpu itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime_api.h>

namespace attest::bench {

/// An error when this program holds no code that the device can run.
cudaError_t find_code();

/// Numbers in [-1, 1) that a hash draws. `dtype`: ATTEST_F32, F16, BF16 or E4M3.
void fill_noise(void* data, std::size_t elements, std::int32_t dtype, std::uint32_t seed,
                cudaStream_t stream);

/// Floating-point operations of one call of multiply_matrices().
double matrix_flops(int blocks);
/// Blocks of four warps that do nothing but mma.m16n8k16, f16 into f32, on registers: what tensor
/// cores do at most by the instruction that kernels/cuda uses. Shapes: sink [blocks * 128].
void multiply_matrices(float* sink, int blocks, cudaStream_t stream);

}  // namespace attest::bench
