// Prefill in the shape of FlashAttention-2: tiles of queries and keys, online softmax, 8 threads
// for each query row. And its defects.
#include <cuda_runtime.h>
#include <math.h>

#include "defects.h"

namespace simt_defects {
namespace {

constexpr int kRows = 16;
constexpr int kKeys = 16;
constexpr int kDim = 32;
constexpr int kPerRow = 8;
constexpr int kThreads = kRows * kPerRow;
constexpr unsigned kAll = 0xffffffffu;

// grid (query tiles, heads, batch)
template <Defect defect>
__global__ void __launch_bounds__(kThreads) flash_kernel(FlashCall c) {
  __shared__ float queries[kRows][kDim];
  __shared__ float keys[kKeys][kDim + 1];
  __shared__ float values[kKeys][kDim];
  __shared__ float weights[kRows][kKeys];
  __shared__ int tiles;
  const int thread = threadIdx.x;
  const int row = thread / kPerRow;
  const int in_row = thread % kPerRow;
  const int first_row = blockIdx.x * kRows;
  const int head = blockIdx.y;
  const int kv_head = head / (c.heads / c.kv_heads);
  const size_t q_row = (static_cast<size_t>(blockIdx.z) * c.heads + head) * c.q_len;
  const size_t kv_row = (static_cast<size_t>(blockIdx.z) * c.kv_heads + kv_head) * c.kv_len;
  const float* k = c.k + kv_row * kDim;
  const float* v = c.v + kv_row * kDim;

  if (thread == 0) tiles = 0;
  for (int i = thread; i < kRows * kDim; i += kThreads) {
    const int r = first_row + i / kDim;
    queries[i / kDim][i % kDim] = r < c.q_len ? c.q[(q_row + r) * kDim + i % kDim] : 0.0f;
  }
  float out[kDim / kPerRow] = {};
  float largest = -INFINITY;
  float sum = 0.0f;
  const int start = c.kv_len - c.q_len;
  const int end = c.causal ? min(c.kv_len, first_row + kRows + start) : c.kv_len;
  __syncthreads();
  for (int first = 0; first < end; first += kKeys) {
    for (int i = thread; i < kKeys * kDim; i += kThreads) {
      const int key = first + i / kDim;
      const int d = i % kDim;
      const bool there = key < c.kv_len;
      if constexpr (defect == Defect::kKeyTileUnbounded) {
        keys[i / kDim][d] = k[key * kDim + d];
      } else {
        keys[i / kDim][d] = there ? k[key * kDim + d] : 0.0f;
      }
      values[i / kDim][d] = there ? v[key * kDim + d] : 0.0f;
    }
    if constexpr (defect != Defect::kNoBarrierAfterTileLoad) __syncthreads();
    float scores[kKeys / kPerRow];
    float tile_largest = -INFINITY;
    for (int j = 0; j < kKeys / kPerRow; ++j) {
      const int column = in_row + j * kPerRow;
      const int read = defect == Defect::kRowOnePastTile ? column + 1 : column;
      float score = 0.0f;
      for (int d = 0; d < kDim; ++d) score = fmaf(queries[row][d], keys[read][d], score);
      const bool visible =
          first + column < c.kv_len && (!c.causal || first + column <= first_row + row + start);
      scores[j] = visible ? score * c.scale : -INFINITY;
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
    if constexpr (defect != Defect::kNoSyncwarp) __syncwarp();
    for (int i = 0; i < kDim / kPerRow; ++i) {
      float value = out[i] * rescale;
      for (int j = 0; j < kKeys; ++j) {
        value = fmaf(weights[row][j], values[j][in_row + i * kPerRow], value);
      }
      out[i] = value;
    }
    if (in_row == 0) {
      if constexpr (defect == Defect::kCountWithoutAtomic) {
        tiles += 1;
      } else {
        atomicAdd(&tiles, 1);
      }
    }
    if constexpr (defect != Defect::kNoBarrierAtEndOfTile) __syncthreads();
  }
  __syncthreads();
  if (first_row + row < c.q_len) {
    for (int i = 0; i < kDim / kPerRow; ++i) {
      c.out[(q_row + first_row + row) * kDim + in_row + i * kPerRow] =
          sum > 0.0f ? out[i] / sum : 0.0f;
    }
  }
  if (thread == 0) atomicAdd(c.tiles, tiles);
}

template <Defect defect>
cudaError_t run(const FlashCall& c) {
  const dim3 grid((c.q_len + kRows - 1) / kRows, c.heads, c.batch);
  flash_kernel<defect><<<grid, kThreads>>>(c);
  return cudaGetLastError();
}

}  // namespace

int run_flash(Defect defect, const FlashCall& c) {
  switch (defect) {
#define ATTEST_CASE(which) \
  case Defect::which:      \
    return run<Defect::which>(c)
    ATTEST_CASE(kNone);
    ATTEST_CASE(kKeyTileUnbounded);
    ATTEST_CASE(kNoBarrierAfterTileLoad);
    ATTEST_CASE(kRowOnePastTile);
    ATTEST_CASE(kNoSyncwarp);
    ATTEST_CASE(kNoBarrierAtEndOfTile);
    ATTEST_CASE(kCountWithoutAtomic);
#undef ATTEST_CASE
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace simt_defects
