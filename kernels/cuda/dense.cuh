// Textbook attention, a block for each row and head: the scores of all keys in shared memory, their
// maximum and the sum of exponentials by block reductions, then each thread sums P V for lanes of
// its own. Every head size, layout, window and modifier; up to kDenseKeys keys, which must fit.
#pragma once

#include <cstddef>

#include "kernels/cuda/call.cuh"
#include "kernels/cuda/declare.cuh"
#include "kernels/cuda/reduce.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kDenseThreads = 128;
inline constexpr int kDenseKeys = 8192;

inline constexpr std::uint64_t kDenseFeatures =
    kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers | ATTEST_FEATURE_WINDOW_LEFT |
    ATTEST_FEATURE_WINDOW_RIGHT | ATTEST_FEATURE_ATTENTION_CHUNK | ATTEST_FEATURE_CUSTOM_MASK |
    ATTEST_FEATURE_BIAS | ATTEST_FEATURE_SINK | ATTEST_FEATURE_V_IS_K_PREFIX | ATTEST_FEATURE_GRAPH;

template <typename T>
constexpr attest_capabilities dense_capabilities() {
  attest_capabilities capabilities =
      cuda_capabilities<T>(kContiguous | kPadded | kEveryPaged | kLatent, kDenseFeatures);
  capabilities.kv_len = between(1, kDenseKeys);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kDenseCapabilities = dense_capabilities<T>();

/// Whether two positions lie in one attention chunk. Negative positions lie in none that has keys.
__device__ inline bool same_chunk(int position, int key, std::int64_t chunk) {
  return chunk <= 0 || (position >= 0 && position / chunk == key / chunk);
}

__device__ inline bool dense_visible(const attest_attend& call, const Sequence& sequence, int row,
                                     int key) {
  const int position = sequence.position(row);
  if (call.causal != 0 && key > position) return false;
  if (call.window_left >= 0 && position - key > call.window_left) return false;
  if (call.window_right >= 0 && key - position > call.window_right) return false;
  if (!same_chunk(position, key, call.attention_chunk)) return false;
  if (call.custom_mask.data == nullptr) return true;
  const std::int64_t first = call.custom_mask_indptr.device[sequence.index];
  const std::int64_t at = first + std::int64_t{row} * sequence.kv_len + key;
  return static_cast<const std::uint8_t*>(call.custom_mask.data)[at * call.custom_mask.stride[0]] !=
         0;
}

/// Additive bias; that of a sequence is [num_q_heads, q_len, kv_len], or [1, q_len, kv_len].
__device__ inline float dense_bias(const attest_attend& call, const Sequence& sequence, int head,
                                   int row, int key) {
  if (call.bias.data == nullptr) return 0;
  const std::int64_t first = call.bias_indptr.device[sequence.index];
  const std::int64_t size = call.bias_indptr.device[sequence.index + 1] - first;
  const std::int64_t plane = std::int64_t{sequence.q_len} * sequence.kv_len;
  const std::int64_t of_head = size == plane * call.num_q_heads ? head * plane : 0;
  const std::int64_t at = first + of_head + std::int64_t{row} * sequence.kv_len + key;
  return static_cast<const float*>(call.bias.data)[at * call.bias.stride[0]];
}

/// The steps that a planted kernel may replace.
struct DenseSteps : ReduceSteps {
  __device__ static void query_written() { __syncthreads(); }
  __device__ static void weights_written() { __syncthreads(); }
  /// The sum of the weights of all threads.
  template <typename Steps>
  __device__ static float total(float sum, float* scratch) {
    return reduce_block<Sum, kDenseThreads / kWarp, Steps>(sum, scratch);
  }
};

/// Floats that hold the lanes of a query. A multiple of 16 bytes, since compilers read so much at
/// once even where fewer lanes are left; compute-sanitizer sees that.
__host__ __device__ constexpr int dense_query_floats(int head_dim) {
  return (head_dim + 3) / 4 * 4;
}

/// Grid: (max_q_len, num_q_heads, batch). Dynamic shared memory: dense_shared_bytes().
template <typename T, typename Steps>
__global__ void __launch_bounds__(kDenseThreads)
    dense_kernel(const __grid_constant__ attest_attend call) {
  extern __shared__ float dense_shared[];
  __shared__ float scratch[kDenseThreads / kWarp];
  const Sequence sequence = sequence_at(call, blockIdx.z);
  const int row = blockIdx.x;
  if (row >= sequence.q_len) return;
  const int head = blockIdx.y;
  const int kv_head = kv_head_of(call, head);
  const std::int64_t out_row = sequence.first_row + row;
  float* const query = dense_shared;                                    // [head_dim_qk]
  float* const weights = query + dense_query_floats(call.head_dim_qk);  // [kv_len]: or scores
  const auto q = lanes<const typename T::q>(call.q, out_row, head);
  for (int lane = threadIdx.x; lane < call.head_dim_qk; lane += kDenseThreads) {
    query[lane] = to_float(q[lane]);
  }
  Steps::query_written();

  // Scores, -inf for keys that the row does not see: those are never read.
  const Scorer scorer(call, sequence, row, head);
  const float sink = sink_of(call, head);
  float max = sink;
  for (int key = threadIdx.x; key < sequence.kv_len; key += kDenseThreads) {
    float score = -INFINITY;
    const float bias = dense_bias(call, sequence, head, row, key);
    if (dense_visible(call, sequence, row, key) && bias != -INFINITY) {
      const auto k = kv_lanes<typename T::cache>(call, call.k, sequence.index, key, kv_head);
      float dot = 0;
      for (int lane = 0; lane < call.head_dim_qk; ++lane) dot += query[lane] * to_float(k[lane]);
      score = scorer(dot, key) + bias;
    }
    weights[key] = score;
    max = fmaxf(max, score);
  }
  max = reduce_block<Max, kDenseThreads / kWarp, Steps>(max, scratch);

  // Weights. A key without one stays -inf, which no exponential is.
  float sum = 0;
  for (int key = threadIdx.x; key < sequence.kv_len; key += kDenseThreads) {
    if (weights[key] == -INFINITY) continue;
    weights[key] = __expf(weights[key] - max);
    sum += weights[key];
  }
  sum = Steps::template total<Steps>(sum, scratch);
  if (sink != -INFINITY) sum += __expf(sink - max);
  Steps::weights_written();

  const auto o = lanes<typename T::o>(call.o, out_row, head);
  for (int lane = threadIdx.x; lane < call.head_dim_v; lane += kDenseThreads) {
    float weighted = 0;
    for (int key = 0; key < sequence.kv_len; ++key) {
      if (weights[key] == -INFINITY) continue;
      const auto v = kv_lanes<typename T::cache>(call, call.v, sequence.index, key, kv_head);
      weighted += weights[key] * to_float(v[lane]);
    }
    const float value = sum == 0 ? 0 : weighted / sum;
    o[lane] = from_float<typename T::o>(scaled_output(call, sequence.index, head, value));
  }
  if (threadIdx.x == 0 && call.lse.data != nullptr) {
    element(call.lse, out_row, head) = sum == 0 ? -INFINITY : max + logf(sum);
  }
}

inline std::size_t dense_shared_bytes(const attest_attend& call) {
  return static_cast<std::size_t>(dense_query_floats(call.head_dim_qk) + call.max_kv_len) *
         sizeof(float);
}

template <typename T, typename Steps>
attest_status dense_attend(void*, const attest_attend* call, attest_report* report) {
  if (const attest_status status = check_call(kDenseCapabilities<T>, *call, report)) return status;
  if (call->batch == 0 || call->max_q_len == 0) return ATTEST_OK;
  const dim3 grid(call->max_q_len, call->num_q_heads, call->batch);
  dense_kernel<T, Steps>
      <<<grid, kDenseThreads, dense_shared_bytes(*call), stream_of(*call)>>>(*call);
  return launched(report);
}

template <typename T, typename Steps = DenseSteps>
constexpr attest_kernel dense(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kDenseCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.ordered_block = 1;  // a thread sums its lanes over all keys
  kernel.numerics.tile = kWholeRow;   // the maximum is known before the first exponential
  kernel.numerics.max_splits = 1;
  kernel.attend = &dense_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
