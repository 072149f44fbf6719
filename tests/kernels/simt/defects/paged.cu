// Paged decode in the shape of vLLM's paged_attention_v1 and v2, and its defects.
#include <cuda_runtime.h>
#include <float.h>

#include "defects.h"

namespace simt_defects {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads = 128;
constexpr int kWarps = kThreads / kWarp;
constexpr unsigned kAll = 0xffffffffu;

struct alignas(16) Vector {
  float v[4];
};

__host__ __device__ constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

template <Defect defect>
__device__ float block_sum(float* partial, float sum) {
  const int warp = threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  for (int mask = kWarp / 2; mask >= 1; mask /= 2) sum += __shfl_xor_sync(kAll, sum, mask);
  if (lane == 0) partial[warp] = sum;
  if constexpr (defect != Defect::kNoBarrierInBlockSum) __syncthreads();
  if constexpr (defect == Defect::kSumReadsUnwrittenWarps) {
    sum = partial[lane];
    for (int mask = kWarp / 2; mask >= 1; mask /= 2) sum += __shfl_xor_sync(kAll, sum, mask);
  } else if constexpr (defect == Defect::kFullMaskInSmallBranch) {
    if (lane < kWarps) {
      sum = partial[lane];
      for (int mask = kWarps / 2; mask >= 1; mask /= 2) sum += __shfl_xor_sync(kAll, sum, mask);
    }
  } else {
    if (lane < kWarps) sum = partial[lane];
    for (int mask = kWarps / 2; mask >= 1; mask /= 2) sum += __shfl_xor_sync(kAll, sum, mask);
  }
  if constexpr (defect == Defect::kShuffleOutsideMask) {
    if (lane != 0) sum = __shfl_sync(0xfffffffeu, sum, 0);
    return sum;
  }
  return __shfl_sync(kAll, sum, 0);
}

// grid (heads, sequences, partitions)
template <Defect defect, int kDim, int kPage, bool kPartitioned>
__global__ void __launch_bounds__(kThreads) paged_kernel(PagedCall c) {
  constexpr int kGroup = kWarp / kPage;  // threads that share a token
  constexpr int kVectors = kDim / 4 / kGroup;
  constexpr int kGroups = kThreads / kGroup;
  const int sequence = blockIdx.y;
  const int head = blockIdx.x;
  const int length = c.lengths[sequence];
  const int first_token = kPartitioned ? static_cast<int>(blockIdx.z) * kPartition : 0;
  if (first_token >= length) return;
  const int end_token = kPartitioned ? min(first_token + kPartition, length) : length;
  const int tokens = end_token - first_token;
  const int first_page = first_token / kPage;
  const int end_page = ceil_div(end_token, kPage);
  const int kv_head = head / (c.heads / c.kv_heads);
  const int thread = threadIdx.x;
  const int warp = thread / kWarp;
  const int lane = thread % kWarp;
  const int group = thread / kGroup;
  const int in_group = thread % kGroup;

  __shared__ Vector query[kGroup][kVectors];
  const float* q = c.q + (sequence * c.heads + head) * kDim;
  for (int i = group; i < kVectors; i += kGroups) {
    query[in_group][i] = *reinterpret_cast<const Vector*>(q + (in_group + i * kGroup) * 4);
  }
  if constexpr (defect == Defect::kDivergentBarrier) {
    if (thread < tokens) __syncthreads();
  } else if constexpr (defect != Defect::kNoBarrierAfterQuery) {
    __syncthreads();
  }

  extern __shared__ char dynamic[];
  float* logits = reinterpret_cast<float*>(dynamic);
  __shared__ float partial[2 * kWarps];
  float largest = -FLT_MAX;
  const int* table = c.table + sequence * c.pages_per_sequence;
  for (int page = first_page + warp; page < end_page; page += kWarps) {
    const long long physical = table[page];
    const int slot = group % kPage;
    const int token = page * kPage + slot;
    const float* k = c.k + (physical * c.kv_heads + kv_head) * kDim * kPage + slot * 4;
    float score = 0.0f;
    for (int i = 0; i < kVectors; ++i) {
      const Vector key = *reinterpret_cast<const Vector*>(k + (in_group + i * kGroup) * kPage * 4);
      for (int e = 0; e < 4; ++e) score = fmaf(query[in_group][i].v[e], key.v[e], score);
    }
    const bool masked = token >= length;
    if (defect != Defect::kShuffleInDivergentBranch || !masked) {
      for (int m = kGroup / 2; m >= 1; m /= 2) score += __shfl_xor_sync(kAll, score, m);
    }
    score *= c.scale;
    if (in_group == 0) {
      const int at = token - first_token;
      if constexpr (defect == Defect::kWriteBehindDynamicShared) {
        logits[at + 1] = masked ? 0.0f : score;
      } else if constexpr (defect == Defect::kPaddingNeverWritten) {
        if (!masked) logits[at] = score;
      } else {
        logits[at] = masked ? 0.0f : score;
      }
      if (!masked) largest = fmaxf(largest, score);
    }
  }
  for (int m = kWarp / 2; m >= kGroup; m /= 2) {
    largest = fmaxf(largest, __shfl_xor_sync(kAll, largest, m));
  }
  if (lane == 0) partial[warp] = largest;
  __syncthreads();
  largest = lane < kWarps ? partial[lane] : -FLT_MAX;
  for (int m = kWarps / 2; m >= 1; m /= 2) {
    largest = fmaxf(largest, __shfl_xor_sync(kAll, largest, m));
  }
  largest = __shfl_sync(kAll, largest, 0);

  float sum = 0.0f;
  for (int i = thread; i < tokens; i += kThreads) {
    const float p = __expf(logits[i] - largest);
    logits[i] = p;
    sum += p;
  }
  sum = block_sum<defect>(&partial[kWarps], sum);
  const float inverse = __fdividef(1.0f, sum);
  for (int i = thread; i < tokens; i += kThreads) logits[i] *= inverse;
  if constexpr (defect != Defect::kNoBarrierBeforeLogits) __syncthreads();
  const int partitions = gridDim.z;
  if (kPartitioned && thread == 0) {
    const int row = (sequence * c.heads + head) * partitions;
    const int at =
        row + (defect == Defect::kPartitionsShareSlot ? 0 : static_cast<int>(blockIdx.z));
    c.maxima[at] = largest;
    c.exp_sums[at] = sum;
  }

  constexpr int kPerRow = kPage / 4;  // vectors in a page's row of V
  constexpr int kRowsAtOnce = kWarp / kPerRow;
  constexpr int kRows = kDim / kRowsAtOnce;
  float sums[kRows] = {};
  for (int page = first_page + warp; page < end_page; page += kWarps) {
    const long long physical = table[page];
    const int slot = lane % kPerRow * 4;
    const int token = page * kPage + slot;
    float p[4];
    for (int e = 0; e < 4; ++e) p[e] = logits[token - first_token + e];
    const float* v = c.v + (physical * c.kv_heads + kv_head) * kDim * kPage;
    for (int i = 0; i < kRows; ++i) {
      const int row = lane / kPerRow + i * kRowsAtOnce;
      const Vector values = *reinterpret_cast<const Vector*>(v + row * kPage + slot);
      for (int e = 0; e < 4; ++e) {
        if (defect == Defect::kUnusedSlotsNotMasked || token + e < length) {
          sums[i] = fmaf(p[e], values.v[e], sums[i]);
        }
      }
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int m = kPerRow / 2; m >= 1; m /= 2) sums[i] += __shfl_xor_sync(kAll, sums[i], m);
  }
  if constexpr (defect != Defect::kNoBarrierBeforeReuse) __syncthreads();
  float* outputs = reinterpret_cast<float*>(dynamic);
  const bool writes = lane % kPerRow == 0;
  for (int half = kWarps / 2; half >= 1; half /= 2) {
    if (warp >= half && warp < 2 * half && writes) {
      for (int i = 0; i < kRows; ++i) {
        outputs[(warp - half) * kDim + lane / kPerRow + i * kRowsAtOnce] = sums[i];
      }
    }
    __syncthreads();
    if (warp < half && writes) {
      for (int i = 0; i < kRows; ++i) {
        sums[i] += outputs[warp * kDim + lane / kPerRow + i * kRowsAtOnce];
      }
    }
    if constexpr (defect != Defect::kTreeReductionOneBarrier) __syncthreads();
  }
  if (warp == 0 && writes) {
    const int row = (sequence * c.heads + head) * partitions + static_cast<int>(blockIdx.z);
    float* out = (kPartitioned ? c.partial : c.out) + row * kDim;
    for (int i = 0; i < kRows; ++i) out[lane / kPerRow + i * kRowsAtOnce] = sums[i];
  }
}

// grid (heads, sequences)
template <Defect defect, int kDim>
__global__ void __launch_bounds__(kThreads) reduce_kernel(PagedCall c, int partitions) {
  const int sequence = blockIdx.y;
  const int row = sequence * c.heads + static_cast<int>(blockIdx.x);
  const int used = defect == Defect::kReduceReadsUnwrittenParts
                       ? partitions
                       : ceil_div(c.lengths[sequence], kPartition);
  extern __shared__ float weights[];
  __shared__ float partial[kWarps];
  float largest = -FLT_MAX;
  for (int i = 0; i < used; ++i) largest = fmaxf(largest, c.maxima[row * partitions + i]);
  float sum = 0.0f;
  for (int i = threadIdx.x; i < used; i += kThreads) {
    const int at = row * partitions + i;
    weights[i] = c.exp_sums[at] * __expf(c.maxima[at] - largest);
    sum += weights[i];
  }
  sum = block_sum<Defect::kNone>(partial, sum);
  __syncthreads();
  for (int d = threadIdx.x; d < kDim; d += kThreads) {
    float value = 0.0f;
    for (int i = 0; i < used; ++i) {
      value += c.partial[(row * partitions + i) * kDim + d] * weights[i] / sum;
    }
    c.out[row * kDim + d] = value;
  }
}

template <Defect defect, int kDim, int kPage>
cudaError_t run(const PagedCall& c) {
  const size_t outputs = sizeof(float) * kWarps / 2 * kDim;
  if (!c.partitioned) {
    const size_t logits = sizeof(float) * ceil_div(c.max_length, kPage) * kPage;
    const dim3 grid(c.heads, c.sequences, 1);
    paged_kernel<defect, kDim, kPage, false><<<grid, kThreads, max(logits, outputs)>>>(c);
    return cudaGetLastError();
  }
  const int partitions = ceil_div(c.max_length, kPartition);
  const dim3 grid(c.heads, c.sequences, partitions);
  paged_kernel<defect, kDim, kPage, true>
      <<<grid, kThreads, max(sizeof(float) * kPartition, outputs)>>>(c);
  if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess) return error;
  reduce_kernel<defect, kDim>
      <<<dim3(c.heads, c.sequences), kThreads, sizeof(float) * partitions>>>(c, partitions);
  return cudaGetLastError();
}

template <Defect defect>
cudaError_t run(const PagedCall& c) {
  if (c.head_dim == 32 && c.page == 8) return run<defect, 32, 8>(c);
  if (c.head_dim == 64 && c.page == 16) return run<defect, 64, 16>(c);
  return cudaErrorInvalidValue;
}

}  // namespace

int run_paged(Defect defect, const PagedCall& c) {
  switch (defect) {
#define ATTEST_CASE(which) \
  case Defect::which:      \
    return run<Defect::which>(c)
    ATTEST_CASE(kNone);
    ATTEST_CASE(kNoBarrierAfterQuery);
    ATTEST_CASE(kNoBarrierInBlockSum);
    ATTEST_CASE(kNoBarrierBeforeLogits);
    ATTEST_CASE(kNoBarrierBeforeReuse);
    ATTEST_CASE(kWriteBehindDynamicShared);
    ATTEST_CASE(kPaddingNeverWritten);
    ATTEST_CASE(kSumReadsUnwrittenWarps);
    ATTEST_CASE(kDivergentBarrier);
    ATTEST_CASE(kShuffleInDivergentBranch);
    ATTEST_CASE(kUnusedSlotsNotMasked);
    ATTEST_CASE(kTreeReductionOneBarrier);
    ATTEST_CASE(kReduceReadsUnwrittenParts);
    ATTEST_CASE(kFullMaskInSmallBranch);
    ATTEST_CASE(kShuffleOutsideMask);
    ATTEST_CASE(kPartitionsShareSlot);
#undef ATTEST_CASE
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace simt_defects
