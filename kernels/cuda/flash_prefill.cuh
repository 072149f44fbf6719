// Flash prefill on CUDA cores: a block takes 16 query rows of a head past tiles of 16 keys, with a
// streaming softmax; eight threads share a row. Ragged batches, paged or not, windows, softcap,
// ALiBi. The loop over tiles begins where the window of the first row does and ends at the
// diagonal; only tiles that a bound crosses look at each score's place.
#pragma once

#include "kernels/cuda/call.cuh"
#include "kernels/cuda/declare.cuh"
#include "kernels/cuda/reduce.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kFlashRows = 16;  ///< query rows of a block
inline constexpr int kFlashKeys = 16;  ///< keys of a tile
inline constexpr int kFlashThreads = 128;
inline constexpr int kFlashRowThreads = kFlashThreads / kFlashRows;
inline constexpr int kFlashHeadDim = 128;

inline constexpr std::uint64_t kFlashFeatures = kBothMasks | kAnyLengths | kAnyShapes |
                                                kScoreModifiers | ATTEST_FEATURE_WINDOW_LEFT |
                                                ATTEST_FEATURE_GRAPH;

template <typename T>
constexpr attest_capabilities flash_prefill_capabilities() {
  attest_capabilities capabilities =
      cuda_capabilities<T>(kContiguous | kPadded | kEveryPaged, kFlashFeatures);
  capabilities.head_dim_qk = between(1, kFlashHeadDim);
  capabilities.head_dim_v = between(1, kFlashHeadDim);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kFlashPrefillCapabilities = flash_prefill_capabilities<T>();

/// The query rows of a block, and the keys that any of them sees.
struct FlashRows {
  Sequence sequence;
  int first_row;
  int num_rows;
  int begin_key;  ///< begins a tile
  int end_key;

  __device__ FlashRows(const attest_attend& call, int b, int first, int max_rows, int tile)
      : sequence(sequence_at(call, b)),
        first_row(first),
        num_rows(min(max_rows, sequence.q_len - first)),
        begin_key(window_begin(sequence.position(first), call.window_left) / tile * tile),
        end_key(sequence.kv_len) {
    if (call.causal != 0) end_key = min(end_key, sequence.position(first + num_rows - 1) + 1);
  }

  /// Whether every row sees all of `count` keys from `key` on.
  __device__ bool sees_all(const attest_attend& call, int key, int count) const {
    if (key + count > sequence.kv_len) return false;
    if (call.causal != 0 && key + count - 1 > sequence.position(first_row)) return false;
    return key >= window_begin(sequence.position(first_row + num_rows - 1), call.window_left);
  }
  __device__ bool sees(const attest_attend& call, int row, int key) const {
    const int position = sequence.position(first_row + row);
    return key < sequence.kv_len && (call.causal == 0 || key <= position) &&
           key >= window_begin(position, call.window_left);
  }
};

/// Shared memory of a block. Rows are padded against bank conflicts between those of a warp.
struct FlashShared {
  float q[kFlashRows][kFlashHeadDim + 1];
  float k[kFlashKeys][kFlashHeadDim + 1];
  float v[kFlashKeys][kFlashHeadDim];
  float p[kFlashRows][kFlashKeys + 8];
  int seen[kFlashRows];  ///< keys that a row saw
};

/// The steps that a planted kernel may replace.
struct FlashPrefillSteps {
  __device__ static void tile_written() { __syncthreads(); }
  /// Before the next tile overwrites this one.
  __device__ static void tile_read() { __syncthreads(); }
  /// P goes from thread to thread of a row; those share a warp.
  __device__ static void weights_written() { __syncwarp(); }
  /// Whether a row of a tile has a key. Others are zero: the product with P takes all rows.
  __device__ static bool has_key(int key, int kv_len) { return key < kv_len; }
  static constexpr bool kClearsRows = true;
  /// Row of the tile that column `column` of the scores reads.
  __device__ static int key_row(int column) { return column; }
  __device__ static void count(int* seen, int keys) { atomicAdd(seen, keys); }
};

/// Loads a tile of keys and values of one head.
template <typename T, typename Steps>
__device__ inline void load_flash_tile(const attest_attend& call, const Sequence& sequence, int key,
                                       int kv_head, FlashShared& shared) {
  for (int i = threadIdx.x; i < kFlashKeys * kFlashHeadDim; i += kFlashThreads) {
    const int j = i / kFlashHeadDim;
    const int lane = i % kFlashHeadDim;
    const bool there = Steps::has_key(key + j, sequence.kv_len);
    if (!there && !Steps::kClearsRows) continue;
    if (lane < call.head_dim_qk) {
      shared.k[j][lane] = there ? to_float(kv_lanes<typename T::cache>(call, call.k, sequence.index,
                                                                       key + j, kv_head)[lane])
                                : 0;
    }
    if (lane < call.head_dim_v) {
      shared.v[j][lane] = there ? to_float(kv_lanes<typename T::cache>(call, call.v, sequence.index,
                                                                       key + j, kv_head)[lane])
                                : 0;
    }
  }
}

/// Grid: (tiles of rows, num_q_heads, batch).
template <typename T, typename Steps>
__global__ void __launch_bounds__(kFlashThreads)
    flash_prefill_kernel(const __grid_constant__ attest_attend call) {
  __shared__ FlashShared shared;
  constexpr int kColumns = kFlashKeys / kFlashRowThreads;
  constexpr int kLanes = kFlashHeadDim / kFlashRowThreads;
  const int first_row = static_cast<int>(blockIdx.x) * kFlashRows;
  if (first_row >= sequence_at(call, blockIdx.z).q_len) return;
  const FlashRows rows(call, blockIdx.z, first_row, kFlashRows, kFlashKeys);
  const Sequence& sequence = rows.sequence;
  const int head = blockIdx.y;
  const int kv_head = kv_head_of(call, head);
  const int row = threadIdx.x / kFlashRowThreads;
  const int member = threadIdx.x % kFlashRowThreads;
  const bool has_row = row < rows.num_rows;
  const Scorer scorer(call, sequence, first_row + row, head);

  for (int i = threadIdx.x; i < kFlashRows * call.head_dim_qk; i += kFlashThreads) {
    const int r = i / call.head_dim_qk;
    const int lane = i % call.head_dim_qk;
    const std::int64_t q_row = sequence.first_row + first_row + r;
    shared.q[r][lane] =
        r < rows.num_rows ? to_float(lanes<const typename T::q>(call.q, q_row, head)[lane]) : 0;
  }
  if (member == 0) shared.seen[row] = 0;

  float m = -INFINITY;
  float l = 0;
  float acc[kLanes] = {};
  __syncthreads();
  for (int key = rows.begin_key; key < rows.end_key; key += kFlashKeys) {
    load_flash_tile<T, Steps>(call, sequence, key, kv_head, shared);
    Steps::tile_written();

    const bool whole = rows.sees_all(call, key, kFlashKeys);
    float scores[kColumns];
    float max = -INFINITY;
    int visible = 0;
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      const int column = member + c * kFlashRowThreads;
      const int k_row = Steps::key_row(column);
      float dot = 0;
      for (int lane = 0; lane < call.head_dim_qk; ++lane) {
        dot = fmaf(shared.q[row][lane], shared.k[k_row][lane], dot);
      }
      const bool sees = whole || rows.sees(call, row, key + column);
      scores[c] = sees ? scorer(dot, key + column) : -INFINITY;
      max = fmaxf(max, scores[c]);
      visible += sees ? 1 : 0;
    }
    Steps::count(&shared.seen[row], visible);

    max = fmaxf(m, reduce_warp<Max, kFlashRowThreads>(max));
    const float factor = max == m ? 1 : __expf(m - max);
    float sum = 0;
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      const float weight = scores[c] == -INFINITY ? 0 : __expf(scores[c] - max);
      shared.p[row][member + c * kFlashRowThreads] = weight;
      sum += weight;
    }
    l = l * factor + reduce_warp<Sum, kFlashRowThreads>(sum);
    m = max;
    Steps::weights_written();

#pragma unroll
    for (int i = 0; i < kLanes; ++i) {
      const int lane = member + i * kFlashRowThreads;
      if (lane >= call.head_dim_v) continue;
      acc[i] *= factor;
#pragma unroll
      for (int j = 0; j < kFlashKeys; ++j)
        acc[i] = fmaf(shared.p[row][j], shared.v[j][lane], acc[i]);
    }
    Steps::tile_read();
  }

  if (!has_row) return;
  const std::int64_t out_row = sequence.first_row + first_row + row;
  const bool empty = shared.seen[row] == 0;
  const auto o = lanes<typename T::o>(call.o, out_row, head);
#pragma unroll
  for (int i = 0; i < kLanes; ++i) {
    const int lane = member + i * kFlashRowThreads;
    if (lane >= call.head_dim_v) continue;
    const float value = empty ? 0 : acc[i] / l;
    o[lane] = from_float<typename T::o>(scaled_output(call, sequence.index, head, value));
  }
  if (member == 0 && call.lse.data != nullptr) {
    element(call.lse, out_row, head) = empty ? -INFINITY : m + logf(l);
  }
}

template <typename T, typename Steps>
attest_status flash_prefill_attend(void*, const attest_attend* call, attest_report* report) {
  const auto status = check_call(kFlashPrefillCapabilities<T>, *call, report);
  if (status != ATTEST_OK || call->batch == 0 || call->max_q_len == 0) return status;
  const dim3 grid((call->max_q_len + kFlashRows - 1) / kFlashRows, call->num_q_heads, call->batch);
  flash_prefill_kernel<T, Steps><<<grid, kFlashThreads, 0, stream_of(*call)>>>(*call);
  return launched(report);
}

template <typename T, typename Steps = FlashPrefillSteps>
constexpr attest_kernel flash_prefill(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kFlashPrefillCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.conventions.masked_tokens = ATTEST_SLOTS_FINITE;  // whole tiles of V, some with weight 0
  kernel.numerics.ordered_block = 1;
  kernel.numerics.tile = kFlashKeys;
  kernel.numerics.max_splits = 1;
  kernel.attend = &flash_prefill_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
