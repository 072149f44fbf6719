// Flash prefill with tiles of 16 queries and 16 keys in shared memory and 8 threads for each row.
#include <cuda_runtime.h>
#include <math.h>

#include "simt_flash.h"

namespace {

constexpr int kRows = 16;
constexpr int kKeys = 16;
constexpr int kDim = 32;
constexpr int kPerRow = 8;
constexpr int kThreads = kRows * kPerRow;
constexpr unsigned kAll = 0xffffffffu;

// grid (query tiles, heads)
__global__ void __launch_bounds__(kThreads) flash_kernel(SimtFlash c) {
  __shared__ float queries[kRows][kDim];
  __shared__ float keys[kKeys][kDim + 1];
  __shared__ float values[kKeys][kDim];
  __shared__ float weights[kRows][kKeys];
  const int thread = threadIdx.x;
  const int row = thread / kPerRow;
  const int in_row = thread % kPerRow;
  const int first_row = blockIdx.x * kRows;
  const size_t head = static_cast<size_t>(blockIdx.y) * c.length * kDim;
  for (int i = thread; i < kRows * kDim; i += kThreads) {
    const int r = first_row + i / kDim;
    queries[i / kDim][i % kDim] = r < c.length ? c.q[head + r * kDim + i % kDim] : 0.0f;
  }
  float out[kDim / kPerRow] = {};
  float largest = -INFINITY;
  float sum = 0.0f;
  const int end = min(c.length, first_row + kRows);
  __syncthreads();
  for (int first = 0; first < end; first += kKeys) {
    for (int i = thread; i < kKeys * kDim; i += kThreads) {
      const int key = first + i / kDim;
      const size_t at = head + key * kDim + i % kDim;
      keys[i / kDim][i % kDim] = key < c.length ? c.k[at] : 0.0f;
      values[i / kDim][i % kDim] = key < c.length ? c.v[at] : 0.0f;
    }
    __syncthreads();
    float scores[kKeys / kPerRow];
    float tile_largest = -INFINITY;
    for (int j = 0; j < kKeys / kPerRow; ++j) {
      const int column = in_row + j * kPerRow;
      float score = 0.0f;
      for (int d = 0; d < kDim; ++d) score = fmaf(queries[row][d], keys[column][d], score);
      const bool visible = first + column <= first_row + row && first + column < c.length;
      scores[j] = visible ? score * 0.17f : -INFINITY;
      tile_largest = fmaxf(tile_largest, scores[j]);
    }
    for (int m = kPerRow / 2; m >= 1; m /= 2) {
      tile_largest = fmaxf(tile_largest, __shfl_xor_sync(kAll, tile_largest, m));
    }
    const float now = fmaxf(largest, tile_largest);
    const float rescale = now == -INFINITY ? 1.0f : __expf(largest - now);
    float tile_sum = 0.0f;
    for (int j = 0; j < kKeys / kPerRow; ++j) {
      const float p = now == -INFINITY ? 0.0f : __expf(scores[j] - now);
      weights[row][in_row + j * kPerRow] = p;
      tile_sum += p;
    }
    for (int m = kPerRow / 2; m >= 1; m /= 2) tile_sum += __shfl_xor_sync(kAll, tile_sum, m);
    sum = sum * rescale + tile_sum;
    largest = now;
    __syncwarp();
    for (int i = 0; i < kDim / kPerRow; ++i) {
      float value = out[i] * rescale;
      for (int j = 0; j < kKeys; ++j) {
        value = fmaf(weights[row][j], values[j][in_row + i * kPerRow], value);
      }
      out[i] = value;
    }
    __syncthreads();
  }
  if (first_row + row < c.length) {
    for (int i = 0; i < kDim / kPerRow; ++i) {
      c.out[head + (first_row + row) * kDim + in_row + i * kPerRow] = out[i] / sum;
    }
  }
}

}  // namespace

extern "C" void simt_flash(const SimtFlash* call) {
  const dim3 grid((call->length + kRows - 1) / kRows, call->heads);
  flash_kernel<<<grid, kThreads>>>(*call);
}
