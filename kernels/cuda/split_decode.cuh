// Split-KV decode ("flash decoding"): the keys of a sequence are cut into splits, a block takes a
// split of a row and head, and whichever block of a row and head finishes last merges them all, in
// their order: the bits do not depend on which it is. Counters in the workspace say who was last;
// they begin at zero once and are left at zero. Also offers its two stages alone. The number of
// splits depends on the caller or on the sequence's own length only.
#pragma once

#include "kernels/cuda/merge.cuh"
#include "kernels/cuda/reduce.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kSplitThreads = 128;
inline constexpr int kSplitWarps = kSplitThreads / kWarp;
inline constexpr int kSplitHeadDim = 256;
inline constexpr int kLanesPerThread = kSplitHeadDim / kWarp;
inline constexpr int kMostSplits = 32;
inline constexpr int kKeysPerSplit = 32;

template <typename T>
constexpr attest_capabilities split_decode_capabilities() {
  attest_capabilities capabilities = cuda_capabilities<T>(
      kEveryPaged, kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers | kMergeFeatures |
                       ATTEST_FEATURE_NUM_SPLITS | ATTEST_FEATURE_WINDOW_LEFT |
                       ATTEST_FEATURE_SINK | ATTEST_FEATURE_GRAPH);
  capabilities.q_len = between(1, 64);  // the workspace holds every row once per split
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kSplitDecodeCapabilities = split_decode_capabilities<T>();

/// Splits of one sequence: what the caller asks for, up to kMostSplits, else one per 32 keys, up to
/// 8. With more splits than keys the last ones are empty.
__host__ __device__ inline int split_count(int asked, int kv_len) {
  if (asked > 0) return asked < kMostSplits ? asked : kMostSplits;
  const int count = (kv_len + kKeysPerSplit - 1) / kKeysPerSplit;
  return count < 1 ? 1 : count < 8 ? count : 8;
}

/// Rows and heads whose splits are counted at once; others wait for the next launch. The counters
/// are at the front, at the same place whatever the call, so that no call's parts lie where the
/// next one counts.
inline constexpr int kSplitCounters = 1024;

/// Workspace: counters [kSplitCounters], o [places, room, head_dim_v], lse [places, room], where
/// places is kSplitCounters or as many as the call has rows and heads.
struct SplitWorkspace {
  unsigned* counters;
  int room;  ///< splits
  int head_dim_v;
  int places;

  SplitWorkspace(const attest_attend& call, int splits)
      : counters(static_cast<unsigned*>(call.workspace)),
        room(splits),
        head_dim_v(call.head_dim_v) {
    const std::int64_t rows = call.total_q * call.num_q_heads;
    places = static_cast<int>(rows < kSplitCounters ? rows : kSplitCounters);
  }

  std::size_t bytes() const {
    return kSplitCounters * sizeof(unsigned) +
           static_cast<std::size_t>(places) * room * (head_dim_v + 1) * sizeof(float);
  }
  __device__ float* o(int place, int split) const {
    return numbers() + (std::int64_t{place} * room + split) * head_dim_v;
  }
  __device__ float* lse(int place, int split) const {
    return numbers() + std::int64_t{places} * room * head_dim_v + std::int64_t{place} * room +
           split;
  }

 private:
  __device__ float* numbers() const { return reinterpret_cast<float*>(counters + kSplitCounters); }
};

/// The streaming softmax of one warp: each lane holds kLanesPerThread lanes of the accumulator.
/// m is the largest score, l = sum exp(t_j - m), acc = sum exp(t_j - m) v_j.
struct WarpState {
  float m = -INFINITY;
  float l = 0;
  float acc[kLanesPerThread] = {};

  /// One more logit: the factor of what was there before. -inf adds nothing.
  __device__ float weigh(float score, float* weight) {
    *weight = 0;
    if (score == -INFINITY) return 1;
    const float moved = fmaxf(m, score);
    const float factor = moved == m ? 1 : __expf(m - moved);
    *weight = __expf(score - moved);
    l = l * factor + *weight;
    m = moved;
    return factor;
  }
};

/// Shared memory in which the warps of a block meet.
struct SplitShared {
  float m[kSplitWarps];
  float l[kSplitWarps];
  float acc[kSplitWarps][kSplitHeadDim];
};

/// The steps that a planted kernel may replace.
struct SplitDecodeSteps : MergeSteps {
  __device__ static void states_written() { __syncthreads(); }
  /// After the merge, when nobody counts any more.
  __device__ static void reset(unsigned* counter) { *counter = 0; }
};

/// One row of one head over keys [first, last) of its sequence, as far as it sees them, and over a
/// sink logit. Every kSplitWarps-th key is a warp's. Leaves o, normalised, as write(lane, value),
/// and lse in thread 0.
template <typename T, typename Base, typename Steps, typename Write>
__device__ inline float attend_range(const attest_attend& call, const Sequence& sequence, int row,
                                     int head, int first, int last, float sink, SplitShared& shared,
                                     Write&& write) {
  const int warp = threadIdx.x / kWarp;
  const int thread = threadIdx.x % kWarp;
  const int kv_head = kv_head_of(call, head);
  const int position = sequence.position(row);
  const int begin = max(first, window_begin(position, call.window_left));
  const int end = call.causal != 0 ? min(last, position + 1) : last;
  const Scorer scorer(call, sequence, row, head);
  const auto q = lanes<const typename T::q>(call.q, sequence.first_row + row, head);
  float query[kLanesPerThread];
#pragma unroll
  for (int i = 0; i < kLanesPerThread; ++i) {
    const int lane = thread + i * kWarp;
    query[i] = lane < call.head_dim_qk ? to_float(q[lane]) : 0;
  }

  WarpState state;
  for (int key = begin + warp; key < end; key += kSplitWarps) {
    const auto k = kv_lanes<typename T::cache>(call, call.k, sequence.index, key, kv_head);
    float dot = 0;
#pragma unroll
    for (int i = 0; i < kLanesPerThread; ++i) {
      const int lane = thread + i * kWarp;
      if (lane < call.head_dim_qk) dot += query[i] * to_float(k[lane]);
    }
    const float score = scorer(reduce_warp<Sum>(dot), key);
    float weight;
    const float factor = state.weigh(score, &weight);
    const auto v = kv_lanes<typename T::cache>(call, call.v, sequence.index, key, kv_head);
#pragma unroll
    for (int i = 0; i < kLanesPerThread; ++i) {
      const int lane = thread + i * kWarp;
      if (lane < call.head_dim_v) state.acc[i] = state.acc[i] * factor + weight * to_float(v[lane]);
    }
  }

  if (thread == 0) {
    shared.m[warp] = state.m;
    shared.l[warp] = state.l;
  }
#pragma unroll
  for (int i = 0; i < kLanesPerThread; ++i) shared.acc[warp][thread + i * kWarp] = state.acc[i];
  Steps::states_written();

  float m = sink;
  for (int w = 0; w < kSplitWarps; ++w) m = fmaxf(m, shared.m[w]);
  float factors[kSplitWarps];
  float l = sink == -INFINITY ? 0 : __expf(sink - m);
#pragma unroll
  for (int w = 0; w < kSplitWarps; ++w) {
    factors[w] = shared.l[w] == 0 ? 0 : __expf(shared.m[w] - m);
    l += factors[w] * shared.l[w];
  }
  for (int lane = threadIdx.x; lane < call.head_dim_v; lane += kSplitThreads) {
    float value = 0;
#pragma unroll
    for (int w = 0; w < kSplitWarps; ++w) {
      if (factors[w] != 0) value += factors[w] * shared.acc[w][lane];
    }
    write(lane, l == 0 ? 0 : value / l);
  }
  return l == 0 ? -INFINITY : m * Base::kPerNat + Base::log(l);
}

/// The sequence of a row of q.
__device__ inline int sequence_of(const attest_attend& call, std::int64_t row) {
  int b = 0;
  while (call.cu_seqlens_q.device[b + 1] <= row) ++b;
  return b;
}

/// Merges the splits of a place into a row of o and lse.
template <typename T, typename Base, typename Steps>
__device__ inline void merge_splits(const attest_attend& call, const SplitWorkspace& workspace,
                                    int place, int splits, const Sequence& sequence, int row,
                                    int head) {
  __shared__ float weights[kMostSplits];
  float max = -INFINITY;
  for (int s = 0; s < splits; ++s) max = fmaxf(max, *workspace.lse(place, s));
  const int own = static_cast<int>(threadIdx.x);
  if (own < splits) {
    const float lse = *workspace.lse(place, own);
    weights[own] = lse == -INFINITY ? 0 : Base::exp(lse - max);
  }
  Steps::weights_written();
  float sum = 0;
  for (int s = 0; s < splits; ++s) sum += weights[s];
  const std::int64_t out_row = sequence.first_row + row;
  const auto o = lanes<typename T::o>(call.o, out_row, head);
  for (int lane = threadIdx.x; lane < call.head_dim_v; lane += kSplitThreads) {
    float weighted = 0;
    for (int s = 0; s < splits; ++s) {
      if (weights[s] != 0) weighted += weights[s] * workspace.o(place, s)[lane];
    }
    const float value = sum == 0 ? 0 : weighted / sum;
    o[lane] = from_float<typename T::o>(scaled_output(call, sequence.index, head, value));
  }
  if (threadIdx.x == 0 && call.lse.data != nullptr) {
    element(call.lse, out_row, head) = sum == 0 ? -INFINITY : max + Base::log(sum);
  }
}

/// Grid: (room, places). Places [first_place, first_place + places) of all rows and heads.
template <typename T, typename Base, typename Steps>
__global__ void __launch_bounds__(kSplitThreads)
    split_decode_kernel(const __grid_constant__ attest_attend call, SplitWorkspace workspace,
                        std::int64_t first_place) {
  __shared__ SplitShared shared;
  __shared__ bool is_last;
  const int split = blockIdx.x;
  const int place = blockIdx.y;
  const std::int64_t out_row = (first_place + place) / call.num_q_heads;
  const int head = static_cast<int>((first_place + place) % call.num_q_heads);
  const Sequence sequence = sequence_at(call, sequence_of(call, out_row));
  const int row = static_cast<int>(out_row - sequence.first_row);
  const int splits = split_count(call.num_splits, sequence.kv_len);
  if (split >= splits) return;
  const int size = (sequence.kv_len + splits - 1) / splits;
  const int first = min(split * size, sequence.kv_len);
  const int last = min(first + size, sequence.kv_len);
  const float sink = split == 0 ? sink_of(call, head) : -INFINITY;  // once, not in every split
  const float lse = attend_range<T, Base, Steps>(
      call, sequence, row, head, first, last, sink, shared,
      [&](int lane, float value) { workspace.o(place, split)[lane] = value; });
  if (threadIdx.x == 0) *workspace.lse(place, split) = lse;

  // What this block wrote must be visible before it counts itself.
  __threadfence();
  __syncthreads();
  unsigned* const counter = workspace.counters + place;
  if (threadIdx.x == 0) is_last = atomicAdd(counter, 1) == static_cast<unsigned>(splits - 1);
  __syncthreads();
  if (!is_last) return;
  __threadfence();
  merge_splits<T, Base, Steps>(call, workspace, place, splits, sequence, row, head);
  if (threadIdx.x == 0) Steps::reset(counter);
}

/// Grid: (total_q, num_q_heads).
template <typename T, typename Base, typename Steps>
__global__ void __launch_bounds__(kSplitThreads)
    attend_partial_kernel(const __grid_constant__ attest_attend_partial partial) {
  __shared__ SplitShared shared;
  const attest_attend& call = partial.call;
  const std::int64_t out_row = blockIdx.x;
  const int head = blockIdx.y;
  const Sequence sequence = sequence_at(call, sequence_of(call, out_row));
  const int row = static_cast<int>(out_row - sequence.first_row);
  const int first = max(partial.kv_begin.device[sequence.index], 0);
  const int last = min(partial.kv_end.device[sequence.index], sequence.kv_len);
  const auto o = lanes<typename T::o>(partial.out.o, out_row, head);
  const float lse = attend_range<T, Base, Steps>(
      call, sequence, row, head, first, last, -INFINITY, shared, [&](int lane, float value) {
        const float scale = scale_at(call.v_scale, sequence.index, kv_head_of(call, head));
        o[lane] = from_float<typename T::o>(value * scale);
      });
  if (threadIdx.x == 0) element(partial.out.lse, out_row, head) = lse;
}

/// Splits of the sequence with most of them: the room that every row gets in the workspace.
inline int most_splits(const attest_attend& call) {
  int most = 1;
  for (int b = 0; b < call.batch; ++b) {
    const int splits = split_count(call.num_splits, call.kv_len.host[b]);
    if (splits > most) most = splits;
  }
  return most;
}

template <typename T>
attest_status split_decode_plan(void*, const attest_attend* call, attest_plan_result* result,
                                attest_report* report) {
  const auto status = check_call(kSplitDecodeCapabilities<T>, *call, report);
  if (status != ATTEST_OK) return status;
  result->num_splits = most_splits(*call);
  result->workspace_bytes = SplitWorkspace(*call, result->num_splits).bytes();
  result->workspace_alignment = sizeof(float);
  return ATTEST_OK;
}

template <typename T, typename Base, typename Steps>
attest_status split_decode_attend(void*, const attest_attend* call, attest_report* report) {
  const auto status = check_call(kSplitDecodeCapabilities<T>, *call, report);
  if (status != ATTEST_OK) return status;
  const SplitWorkspace workspace(*call, most_splits(*call));
  if (check_workspace(*call, workspace.bytes(), report) != ATTEST_OK) return ATTEST_FAILED;
  report_path(report, workspace.room > 1 ? "merged" : "one_split");
  const std::int64_t places = call->total_q * call->num_q_heads;
  for (std::int64_t first = 0; first < places; first += kSplitCounters) {
    const std::int64_t left = places - first;
    const dim3 grid(workspace.room,
                    static_cast<unsigned>(left < kSplitCounters ? left : kSplitCounters));
    split_decode_kernel<T, Base, Steps>
        <<<grid, kSplitThreads, 0, stream_of(*call)>>>(*call, workspace, first);
    if (launched(report) != ATTEST_OK) return ATTEST_FAILED;
  }
  return ATTEST_OK;
}

template <typename T, typename Base, typename Steps>
attest_status split_decode_partial(void*, const attest_attend_partial* partial,
                                   attest_report* report) {
  const auto status = check_call(kSplitDecodeCapabilities<T>, *partial, report);
  if (status != ATTEST_OK || partial->call.total_q == 0) return status;
  const dim3 grid(static_cast<unsigned>(partial->call.total_q), partial->call.num_q_heads);
  attend_partial_kernel<T, Base, Steps>
      <<<grid, kSplitThreads, 0, stream_of(partial->call)>>>(*partial);
  return launched(report);
}

template <typename T, typename Base, typename Steps = SplitDecodeSteps>
constexpr attest_kernel split_decode(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kSplitDecodeCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND | ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_MERGE;
  // Splits are counted anew in each run, and never more than for longer sequences.
  kernel.promises |= ATTEST_PROMISE_REPORTS_PATH | ATTEST_PROMISE_PLAN_REUSED;
  kernel.conventions.lse_base = Base::kLseBase;
  kernel.conventions.workspace_before = ATTEST_WORKSPACE_ZEROED_ONCE;
  kernel.numerics.merge_levels = 1;  // all parts at once
  kernel.numerics.merge_normalises = 1;
  kernel.plan = &split_decode_plan<T>;
  kernel.attend = &split_decode_attend<T, Base, Steps>;
  kernel.attend_partial = &split_decode_partial<T, Base, Steps>;
  kernel.merge = &merge_states<T, Base, Steps, kSplitDecodeCapabilities<T>>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
