// Paged decode as vLLM's paged_attention_v1: keys in x-split pages [num_pages, num_kv_heads,
// head_dim / x, page_size, x] with x lanes in 16 bytes, values in [num_pages, num_kv_heads,
// head_dim, page_size]; one query per sequence. A block for each sequence and head: groups of
// threads take a key each, all scores go to shared memory, then the softmax over them, then each
// warp sums P V over pages of its own, and a tree over the warps joins the sums.
// Source: vLLM csrc/attention/attention_kernels.cuh. One thing is not as there: no 1e-6 is added to
// the sum of exponentials, which would be an error of 17 u.
#pragma once

#include <cstddef>

#include "kernels/cuda/call.cuh"
#include "kernels/cuda/declare.cuh"
#include "kernels/cuda/reduce.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kPagedThreads = 128;
inline constexpr int kPagedWarps = kPagedThreads / kWarp;
inline constexpr int kPagedKeys = 8192;  ///< beyond these vLLM takes v2: the scores must fit
inline constexpr int kPagedHeadDim = 256;

/// N elements that are loaded at once.
template <typename T, int N>
struct alignas(sizeof(T) * N) Vec {
  T lane[N];
};

/// The sizes that vLLM compiles its kernels for, as far as the x lanes of keys divide them.
template <typename T>
constexpr attest_capabilities paged_attention_capabilities() {
  attest_capabilities capabilities =
      cuda_capabilities<T>(ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_X_SPLIT),
                           kBothMasks | ATTEST_FEATURE_ALIBI | ATTEST_FEATURE_EMPTY_KV);
  constexpr std::int64_t kLanesPer16Bytes =
      16 / static_cast<std::int64_t>(sizeof(typename T::cache));
  capabilities.head_dim_qk = {};
  for (const std::int64_t head_dim : {32, 64, 80, 96, 112, 120, 128, 192, 256}) {
    if (head_dim % kLanesPer16Bytes != 0) continue;
    capabilities.head_dim_qk.list[capabilities.head_dim_qk.count++] = head_dim;
  }
  capabilities.page_size = {};
  for (const std::int64_t page_size : {8, 16, 32}) {
    capabilities.page_size.list[capabilities.page_size.count++] = page_size;
  }
  capabilities.q_len = between(1, 1);
  capabilities.kv_len = between(1, kPagedKeys);
  capabilities.base_alignment = 16;  // vectors
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kPagedAttentionCapabilities =
    paged_attention_capabilities<T>();

/// Which keys of its sequence a block takes, and where its results go.
struct PagedPart {
  int first;         ///< key; begins a page
  int last;          ///< past the last key
  float* max_logit;  ///< of a partition, else null
  float* exp_sum;
};

/// The steps that a planted kernel may replace. Each barrier says what it waits for.
struct PagedAttentionSteps : ReduceSteps {
  __device__ static void query_written(int /*keys*/) { __syncthreads(); }
  __device__ static void logits_written() { __syncthreads(); }
  /// All warps have read the logits, whose memory the outputs take over.
  __device__ static void logits_read() { __syncthreads(); }
  __device__ static void upper_half_written() { __syncthreads(); }
  __device__ static void upper_half_read() { __syncthreads(); }

  /// Keys of a sequence.
  __device__ static int length(const attest_attend& /*call*/, const Sequence& sequence) {
    return sequence.kv_len;
  }

  template <typename Steps>
  __device__ static float total(float sum, float* scratch) {
    return reduce_block<Sum, kPagedWarps, Steps>(sum, scratch);
  }

  /// The dot product of a key from those of the threads of its group.
  template <int kGroup>
  __device__ static float group_sum(float dot, bool /*beyond*/) {
    return reduce_warp<Sum, kGroup>(dot);
  }

  /// Every slot of the last page gets a logit: P V reads whole vectors of them.
  __device__ static void store_logit(float* logits, int at, float logit, bool beyond) {
    logits[at] = beyond ? 0 : logit;
  }

  /// Whether a slot takes part in P V. Slots past the last key hold anything.
  __device__ static bool weighs(int key, int last) { return key < last; }
};

/// Threads that share a key, and the lanes that each of them loads at once. Templates over the page
/// size, since all indices depend on it; head dims are loop bounds.
template <typename T, int kPageSize>
struct PagedShape {
  using Cache = typename T::cache;
  static constexpr int kGroup = kPageSize < kWarp ? kWarp / kPageSize : 1;
  static constexpr int kX = 16 / static_cast<int>(sizeof(Cache));
  static constexpr int kKeyLanes = kX / kGroup > 0 ? kX / kGroup : 1;
  static constexpr int kValueKeys = kX < kPageSize ? kX : kPageSize;
  static constexpr int kRowVectors = kPageSize / kValueKeys;  ///< vectors of keys in a row of V
  static constexpr int kRows = kWarp / kRowVectors;           ///< rows of V a warp takes at once
  static constexpr int kRowsPerThread = (kPagedHeadDim + kRows - 1) / kRows;
};

/// q . k of one key, of which this thread takes every kGroup-th vector of lanes.
template <typename T, int kPageSize>
__device__ inline float paged_dot(const attest_attend& call, const float* query, std::int64_t page,
                                  int offset, int kv_head, int member) {
  using Shape = PagedShape<T, kPageSize>;
  using KeyVec = Vec<typename T::cache, Shape::kKeyLanes>;
  const auto* k = static_cast<const typename T::cache*>(call.k.data) + page * call.k.stride[0] +
                  kv_head * call.k.stride[1] + offset * Shape::kX;
  float dot = 0;
  for (int lane = member * Shape::kKeyLanes; lane < call.head_dim_qk;
       lane += Shape::kGroup * Shape::kKeyLanes) {
    const auto vec = *reinterpret_cast<const KeyVec*>(k + lane / Shape::kX * kPageSize * Shape::kX +
                                                      lane % Shape::kX);
#pragma unroll
    for (int i = 0; i < Shape::kKeyLanes; ++i) {
      dot = fmaf(query[lane + i], to_float(vec.lane[i]), dot);
    }
  }
  return dot;
}

/// One sequence and head over the keys of `part`. `out` gets lane i of the normalised output as
/// out(i, value). Shapes: logits [keys, rounded up to pages] or [kPagedWarps / 2 * head_dim],
/// shared.
template <typename T, int kPageSize, typename Steps, typename Out>
__device__ inline void attend_pages(const attest_attend& call, const Sequence& sequence, int head,
                                    const PagedPart& part, float* logits, Out&& out) {
  using Shape = PagedShape<T, kPageSize>;
  __shared__ float query[kPagedHeadDim];
  __shared__ float max_scratch[kPagedWarps];
  __shared__ float sum_scratch[kPagedWarps];
  const int warp = threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  const int member = threadIdx.x % Shape::kGroup;
  const int kv_head = kv_head_of(call, head);
  const int first_block = part.first / kPageSize;
  const int last_block = (part.last + kPageSize - 1) / kPageSize;

  const auto q = lanes<const typename T::q>(call.q, sequence.first_row, head);
  for (int i = threadIdx.x; i < call.head_dim_qk; i += kPagedThreads) query[i] = to_float(q[i]);
  Steps::query_written(part.last - part.first);

  // Scores: a warp takes a page, a group of threads a key.
  const Scorer scorer(call, sequence, 0, head);
  float max = -INFINITY;
  for (int block = first_block + warp; block < last_block; block += kPagedWarps) {
    const std::int64_t page = page_at(call, sequence.index, block);
    const int offset = lane / Shape::kGroup;
    const int key = block * kPageSize + offset;
    const bool beyond = key >= part.last;
    const float dot = Steps::template group_sum<Shape::kGroup>(
        paged_dot<T, kPageSize>(call, query, page, offset, kv_head, member), beyond);
    const float score = scorer(dot, key);
    if (member == 0) Steps::store_logit(logits, key - part.first, score, beyond);
    if (!beyond) max = fmaxf(max, score);
  }
  max = reduce_block<Max, kPagedWarps, Steps>(max, max_scratch);

  // The softmax over them.
  float sum = 0;
  for (int i = threadIdx.x; i < part.last - part.first; i += kPagedThreads) {
    logits[i] = __expf(logits[i] - max);
    sum += logits[i];
  }
  sum = Steps::template total<Steps>(sum, sum_scratch);
  const float inverse = 1 / sum;
  for (int i = threadIdx.x; i < part.last - part.first; i += kPagedThreads) logits[i] *= inverse;
  Steps::logits_written();
  if (threadIdx.x == 0 && part.max_logit != nullptr) {
    *part.max_logit = max;
    *part.exp_sum = sum;
  }

  // P V: a warp takes a page, a thread some rows (lanes of the head) and kValueKeys keys of them.
  float acc[Shape::kRowsPerThread];
#pragma unroll
  for (float& row : acc) row = 0;
  const int slot = lane % Shape::kRowVectors * Shape::kValueKeys;
  for (int block = first_block + warp; block < last_block; block += kPagedWarps) {
    const std::int64_t page = page_at(call, sequence.index, block);
    const int key = block * kPageSize + slot;
    float p[Shape::kValueKeys];
#pragma unroll
    for (int i = 0; i < Shape::kValueKeys; ++i) {
      p[i] = to_float(from_float<typename T::q>(logits[key - part.first + i]));
    }
    const auto* v = static_cast<const typename T::cache*>(call.v.data) + page * call.v.stride[0] +
                    kv_head * call.v.stride[1] + slot;
#pragma unroll
    for (int r = 0; r < Shape::kRowsPerThread; ++r) {
      const int row = lane / Shape::kRowVectors + r * Shape::kRows;
      if (row >= call.head_dim_v) continue;
      using ValueVec = Vec<typename T::cache, Shape::kValueKeys>;
      const auto vec = *reinterpret_cast<const ValueVec*>(v + row * kPageSize);
#pragma unroll
      for (int i = 0; i < Shape::kValueKeys; ++i) {
        if (Steps::weighs(key + i, part.last)) acc[r] = fmaf(p[i], to_float(vec.lane[i]), acc[r]);
      }
    }
  }
#pragma unroll
  for (float& row : acc) row = reduce_warp<Sum, Shape::kRowVectors>(row);
  Steps::logits_read();

  // The upper half of the warps hands its sums to the lower half, until one warp is left.
  const bool speaks = lane % Shape::kRowVectors == 0;
#pragma unroll
  for (int warps = kPagedWarps; warps > 1; warps /= 2) {
    const int half = warps / 2;
    float* const sums = logits + warp % half * call.head_dim_v;
#pragma unroll
    for (int r = 0; r < Shape::kRowsPerThread; ++r) {
      const int row = lane / Shape::kRowVectors + r * Shape::kRows;
      if (speaks && row < call.head_dim_v && warp >= half && warp < warps) sums[row] = acc[r];
    }
    Steps::upper_half_written();
#pragma unroll
    for (int r = 0; r < Shape::kRowsPerThread; ++r) {
      const int row = lane / Shape::kRowVectors + r * Shape::kRows;
      if (speaks && row < call.head_dim_v && warp < half) acc[r] += sums[row];
    }
    Steps::upper_half_read();
  }
  if (warp != 0 || !speaks) return;
#pragma unroll
  for (int r = 0; r < Shape::kRowsPerThread; ++r) {
    const int row = lane / Shape::kRowVectors + r * Shape::kRows;
    if (row < call.head_dim_v) out(row, part.last > part.first ? acc[r] : 0);
  }
}

/// Bytes of dynamic shared memory for blocks that take up to `keys` keys.
inline std::size_t paged_shared_bytes(const attest_attend& call, std::int64_t keys) {
  const std::int64_t logits = (keys + call.page_size - 1) / call.page_size * call.page_size;
  const std::int64_t sums = kPagedWarps / 2 * call.head_dim_v;
  return static_cast<std::size_t>(logits > sums ? logits : sums) * sizeof(float);
}

/// Calls body.template operator()<page_size>() for the page size of the call.
template <typename Body>
void with_page_size(const attest_attend& call, Body&& body) {
  if (call.page_size == 8) return body.template operator()<8>();
  if (call.page_size == 16) return body.template operator()<16>();
  return body.template operator()<32>();
}

/// Grid: (num_q_heads, batch).
template <typename T, int kPageSize, typename Steps>
__global__ void __launch_bounds__(kPagedThreads)
    paged_attention_v1_kernel(const __grid_constant__ attest_attend call) {
  extern __shared__ float paged_logits[];
  const Sequence sequence = sequence_at(call, blockIdx.y);
  const int head = blockIdx.x;
  const auto o = lanes<typename T::o>(call.o, sequence.first_row, head);
  const PagedPart part{0, Steps::length(call, sequence), nullptr, nullptr};
  attend_pages<T, kPageSize, Steps>(
      call, sequence, head, part, paged_logits, [&](int lane, float value) {
        o[lane] = from_float<typename T::o>(scaled_output(call, sequence.index, head, value));
      });
}

template <typename T, typename Steps>
attest_status paged_attention_v1_attend(void*, const attest_attend* call, attest_report* report) {
  const auto status = check_call(kPagedAttentionCapabilities<T>, *call, report);
  if (status != ATTEST_OK || call->batch == 0) return status;
  const std::size_t shared = paged_shared_bytes(*call, call->max_kv_len);
  const dim3 grid(call->num_q_heads, call->batch);
  with_page_size(*call, [&]<int kPageSize>() {
    paged_attention_v1_kernel<T, kPageSize, Steps>
        <<<grid, kPagedThreads, shared, stream_of(*call)>>>(*call);
  });
  return launched(report);
}

/// A kernel without operations: P is normalised, rounded to the type of q, and meets V in f32.
template <typename T>
constexpr attest_kernel paged_attention(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kPagedAttentionCapabilities<T>);
  kernel.numerics.p_dtype_plus_1 = ATTEST_P_LIKE_Q;
  kernel.numerics.weight_sum = ATTEST_SUM_UNROUNDED;
  kernel.numerics.tile = kWholeRow;  // the maximum is known before the first exponential
  return kernel;
}

template <typename T, typename Steps = PagedAttentionSteps>
constexpr attest_kernel paged_attention_v1(const char* name, const char* description) {
  attest_kernel kernel = paged_attention<T>(name, description);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.capabilities.features |= ATTEST_FEATURE_GRAPH;
  kernel.numerics.max_splits = 1;
  kernel.attend = &paged_attention_v1_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
