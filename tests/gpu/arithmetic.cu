#include <attest_ptx.h>
#include <stdexcept>
#include <string>

#include "kernels/cuda/elements.cuh"
#include "tests/gpu/arithmetic.h"

namespace attest::tests {
namespace {

namespace elements = kernels::ATTEST_CUDA_BUILD;

constexpr int kThreads = 256;

template <typename Bits, typename T>
__device__ float bits_of(T value) {
  static_assert(sizeof(Bits) == sizeof(T));
  Bits bits;
  memcpy(&bits, &value, sizeof(bits));
  return static_cast<float>(bits);
}

__device__ float apply(DeviceFunction function, float x) {
  switch (function) {
    case DeviceFunction::kFastExp:
      return __expf(x);
    case DeviceFunction::kFastExp2:
      return attest_ptx::ex2(x);
    case DeviceFunction::kExp2:
      return exp2f(x);
    case DeviceFunction::kTanh:
      return tanhf(x);
    case DeviceFunction::kLog:
      return logf(x);
    case DeviceFunction::kHalf:
      return bits_of<std::uint16_t>(elements::from_float<__half>(x));
    case DeviceFunction::kBfloat:
      return bits_of<std::uint16_t>(elements::from_float<__nv_bfloat16>(x));
    case DeviceFunction::kE4m3:
      return bits_of<std::uint8_t>(elements::from_float<__nv_fp8_e4m3>(x));
  }
  return 0;
}

__global__ void apply_kernel(DeviceFunction function, const float* x, float* y, int count) {
  const int i = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (i < count) y[i] = apply(function, x[i]);
}

void require(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

}  // namespace

std::vector<float> on_device(DeviceFunction function, const std::vector<float>& x) {
  const std::size_t bytes = x.size() * sizeof(float);
  float *from = nullptr, *to = nullptr;
  require(cudaMalloc(&from, bytes));
  require(cudaMalloc(&to, bytes));
  require(cudaMemcpy(from, x.data(), bytes, cudaMemcpyHostToDevice));
  const int count = static_cast<int>(x.size());
  apply_kernel<<<(count + kThreads - 1) / kThreads, kThreads>>>(function, from, to, count);
  require(cudaGetLastError());
  std::vector<float> y(x.size());
  require(cudaMemcpy(y.data(), to, bytes, cudaMemcpyDeviceToHost));
  require(cudaFree(from));
  require(cudaFree(to));
  return y;
}

}  // namespace attest::tests
