// One primitive of a kernel each, repeated, for bench_simt.
#include <cuda_runtime.h>

#include "simt_kernels.h"

namespace {

constexpr unsigned kAll = 0xffffffffu;

__global__ void empty_kernel() {}

__global__ void barrier_kernel(int repeats) {
  for (int i = 0; i < repeats; ++i) __syncthreads();
}

__global__ void shuffle_kernel(float* out, int repeats) {
  float value = threadIdx.x;
  for (int i = 0; i < repeats; ++i) value += __shfl_xor_sync(kAll, value, 1 + i % 31);
  out[threadIdx.x] = value;
}

__global__ void load_kernel(float* out, int repeats) {
  __shared__ float shared[1024];
  shared[threadIdx.x] = 1.0f;
  __syncthreads();
  float sum = 0.0f;
  for (int i = 0; i < repeats; ++i) sum += shared[(threadIdx.x + i) % blockDim.x];
  out[threadIdx.x] = sum;
}

}  // namespace

extern "C" void simt_bench(const SimtBench* what) {
  switch (what->primitive) {
    case kEmptyBlock:
      empty_kernel<<<what->repeats, what->threads>>>();
      break;
    case kBarrier:
      barrier_kernel<<<1, what->threads>>>(what->repeats);
      break;
    case kShuffle:
      shuffle_kernel<<<1, what->threads>>>(what->out, what->repeats);
      break;
    case kSharedLoad:
      load_kernel<<<1, what->threads>>>(what->out, what->repeats);
      break;
  }
}
