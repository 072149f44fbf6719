// See access_patterns.h.
#include <cuda_runtime.h>

#include "access_patterns.h"

namespace simt_patterns {
namespace {

__global__ void copy_kernel(const float* in, float* out, int stride) {
  const int i = static_cast<int>(threadIdx.x) * stride;
  out[i] = in[i];
}

__global__ void some_kernel(const float* in, float* out, int every) {
  if (threadIdx.x % every == 0) out[threadIdx.x] = in[threadIdx.x];
}

__global__ void vector_kernel(const float4* in, float4* out) { out[threadIdx.x] = in[threadIdx.x]; }

__global__ void shared_kernel(float* out, int stride) {
  __shared__ float words[1024];
  for (int i = threadIdx.x; i < 1024; i += 32) words[i] = 1;
  __syncthreads();
  out[threadIdx.x] = words[static_cast<int>(threadIdx.x) * stride];
}

}  // namespace

int copy(const float* in, float* out, int stride) {
  copy_kernel<<<1, 64>>>(in, out, stride);
  return cudaGetLastError();
}
int copy_by_some(const float* in, float* out, int every) {
  some_kernel<<<1, 32>>>(in, out, every);
  return cudaGetLastError();
}
int copy_vectors(const float* in, float* out) {
  vector_kernel<<<1, 32>>>(reinterpret_cast<const float4*>(in), reinterpret_cast<float4*>(out));
  return cudaGetLastError();
}
int read_shared(float* out, int stride) {
  shared_kernel<<<1, 32>>>(out, stride);
  return cudaGetLastError();
}

}  // namespace simt_patterns
