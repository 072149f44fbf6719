// A block for each row: plain CUDA, nothing in it knows of attest.
#include <cuda_runtime.h>

#include "row_softmax.h"

namespace {

constexpr int kThreads = 128;
constexpr int kWarps = kThreads / 32;

template <class Combine>
__device__ float over_block(float value, float* partial, Combine combine) {
  for (int m = 16; m >= 1; m /= 2) value = combine(value, __shfl_xor_sync(0xffffffffu, value, m));
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = partial[0];
  for (int i = 1; i < kWarps; ++i) value = combine(value, partial[i]);
  __syncthreads();  // the next call overwrites partial[]
  return value;
}

__global__ void __launch_bounds__(kThreads)
    row_softmax_kernel(const float* x, float* y, int columns) {
  __shared__ float partial[kWarps];
  const float* in = x + static_cast<size_t>(blockIdx.x) * columns;
  float* out = y + static_cast<size_t>(blockIdx.x) * columns;
  float largest = -3.4e38f;
  for (int i = threadIdx.x; i < columns; i += kThreads) largest = fmaxf(largest, in[i]);
  largest = over_block(largest, partial, [](float a, float b) { return fmaxf(a, b); });
  float sum = 0.0f;
  for (int i = threadIdx.x; i < columns; i += kThreads) sum += __expf(in[i] - largest);
  sum = over_block(sum, partial, [](float a, float b) { return a + b; });
  for (int i = threadIdx.x; i < columns; i += kThreads) out[i] = __expf(in[i] - largest) / sum;
}

}  // namespace

extern "C" int row_softmax(const float* x, float* y, int rows, int columns) {
  row_softmax_kernel<<<rows, kThreads>>>(x, y, columns);
  return cudaGetLastError();
}
