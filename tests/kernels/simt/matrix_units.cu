// Products by wmma and by ldmatrix with mma.sync. See rules.h.
#include <attest_ptx.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#include "rules.h"

namespace simt_rules {
namespace {

constexpr int kSize = 16;

__device__ void load(__half (*to)[kSize], const float* from) {
  for (int i = static_cast<int>(threadIdx.x); i < kSize * kSize; i += 32) {
    to[i / kSize][i % kSize] = __float2half(from[i]);
  }
}

__global__ void wmma_kernel(const float* a, const float* b, float* c, bool relies_on_lanes) {
  using namespace nvcuda;
  __shared__ __align__(32) __half left[kSize][kSize], right[kSize][kSize];
  load(left, a);
  load(right, b);
  __syncthreads();
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::row_major> x;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::row_major> y;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> z;
  wmma::fill_fragment(z, 0.0f);
  wmma::load_matrix_sync(x, &left[0][0], kSize);
  wmma::load_matrix_sync(y, &right[0][0], kSize);
  wmma::mma_sync(z, x, y, z);
  if (relies_on_lanes && threadIdx.x == 1) z.x[0] += 1.0f;
  wmma::store_matrix_sync(c, z, kSize, wmma::mem_row_major);
}

__global__ void mma_kernel(const float* a, const float* b, float* c) {
  __shared__ __align__(32) __half left[kSize][kSize], right[kSize][kSize];
  load(left, a);
  load(right, b);
  __syncthreads();
  const int lane = static_cast<int>(threadIdx.x);
  uint32_t x[4], y[4];
  attest_ptx::ldmatrix_x4(x, &left[lane % 16][lane / 16 * 8]);
  attest_ptx::ldmatrix_x4_transposed(y, &right[lane % 16][lane / 16 * 8]);
  for (int half = 0; half < 2; ++half) {
    const uint32_t pair[2] = {y[2 * half], y[2 * half + 1]};
    float z[4] = {0, 0, 0, 0};
    attest_ptx::mma_m16n8k16(z, x, pair, z, __half());
    for (int i = 0; i < 4; ++i) {
      c[(lane / 4 + i / 2 * 8) * kSize + half * 8 + lane % 4 * 2 + i % 2] = z[i];
    }
  }
}

}  // namespace

int wmma_product(const float* a, const float* b, float* c) {
  wmma_kernel<<<1, 32>>>(a, b, c, false);
  return static_cast<int>(cudaGetLastError());
}
int relies_on_wmma_lanes(const float* a, const float* b, float* c) {
  wmma_kernel<<<1, 32>>>(a, b, c, true);
  return static_cast<int>(cudaGetLastError());
}
int mma_product(const float* a, const float* b, float* c) {
  mma_kernel<<<1, 32>>>(a, b, c);
  return static_cast<int>(cudaGetLastError());
}

}  // namespace simt_rules
