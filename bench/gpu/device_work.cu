#include <attest_ptx.h>

#include "bench/gpu/device_work.h"
#include "kernels/cuda/elements.cuh"

namespace attest::bench {
namespace {

namespace elements = kernels::ATTEST_CUDA_BUILD;

constexpr int kFillThreads = 256;
constexpr int kFillBlocks = 4096;
constexpr int kMatrixThreads = 128;
constexpr int kMatrixSteps = 4096;
// Products in flight: enough to hide the latency of one.
constexpr int kTiles = 8;

__device__ std::uint32_t hash(std::uint32_t x) {  // finaliser of MurmurHash3
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

template <typename T>
__global__ void __launch_bounds__(kFillThreads)
    fill_kernel(T* data, std::size_t elements, std::uint32_t seed) {
  const std::size_t step = std::size_t{kFillThreads} * gridDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * kFillThreads + threadIdx.x; i < elements;
       i += step) {
    const std::uint32_t bits = hash(static_cast<std::uint32_t>(i) * 0x9e3779b9u + seed);
    data[i] = elements::from_float<T>(static_cast<float>(bits >> 8) * 0x1p-23f - 1);
  }
}

template <typename T>
void fill(void* data, std::size_t elements, std::uint32_t seed, cudaStream_t stream) {
  fill_kernel<<<kFillBlocks, kFillThreads, 0, stream>>>(static_cast<T*>(data), elements, seed);
}

__global__ void __launch_bounds__(kMatrixThreads) matrix_kernel(float* sink) {
  const std::uint32_t one = 0x3c003c00;  // two halves of 1
  const std::uint32_t a[4] = {one, one, one, one};
  const std::uint32_t b[2] = {one, one};
  float c[kTiles][4];  // all different, or the compiler would compute equal ones once
#pragma unroll
  for (int i = 0; i < kTiles * 4; ++i) c[i / 4][i % 4] = static_cast<float>(threadIdx.x + i);
  for (int step = 0; step < kMatrixSteps; ++step) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      attest_ptx::mma_m16n8k16(c[tile], a, b, c[tile], __half());
    }
  }
  float sum = 0;
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) {
    sum += c[tile][0] + c[tile][1] + c[tile][2] + c[tile][3];
  }
  sink[blockIdx.x * kMatrixThreads + threadIdx.x] = sum;
}

}  // namespace

void fill_noise(void* data, std::size_t elements, std::int32_t dtype, std::uint32_t seed,
                cudaStream_t stream) {
  if (elements == 0) return;
  switch (dtype) {
    case ATTEST_F16:
      return fill<__half>(data, elements, seed, stream);
    case ATTEST_BF16:
      return fill<__nv_bfloat16>(data, elements, seed, stream);
    case ATTEST_E4M3:
      return fill<__nv_fp8_e4m3>(data, elements, seed, stream);
    default:
      return fill<float>(data, elements, seed, stream);
  }
}

cudaError_t find_code() {
  cudaFuncAttributes attributes{};
  return cudaFuncGetAttributes(&attributes, matrix_kernel);
}

double matrix_flops(int blocks) {
  const double per_warp = 2.0 * 16 * 8 * 16 * kTiles * kMatrixSteps;
  return per_warp * (kMatrixThreads / 32) * blocks;
}

void multiply_matrices(float* sink, int blocks, cudaStream_t stream) {
  matrix_kernel<<<blocks, kMatrixThreads, 0, stream>>>(sink);
}

}  // namespace attest::bench
