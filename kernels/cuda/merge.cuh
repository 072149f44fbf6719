// Merging partial attention states (o, lse) over disjoint key sets, any number of them up to
// kMostStates at once, weighted by exp(lse - largest lse). A block for each row and head. lse is in
// nats, or, as FlashInfer has it, in base 2.
#pragma once

#include "kernels/cuda/call.cuh"
#include "kernels/cuda/declare.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kMergeThreads = 64;
inline constexpr int kMostStates = 64;

/// The base of lse: exponential and logarithm in it.
struct BaseE {
  static constexpr std::int32_t kLseBase = ATTEST_LSE_BASE_E;
  static constexpr float kPerNat = 1;
  __device__ static float exp(float x) { return __expf(x); }
  __device__ static float log(float x) { return logf(x); }
};
struct Base2 {
  static constexpr std::int32_t kLseBase = ATTEST_LSE_BASE_2;
  static constexpr float kPerNat = 1.44269504f;
  __device__ static float exp(float x) { return exp2f(x); }
  __device__ static float log(float x) { return log2f(x); }
};

/// What the kernel reads of a state.
struct StateView {
  void* o;
  float* lse;
  std::int64_t o_stride[3];    ///< of rows, heads and lanes
  std::int64_t lse_stride[2];  ///< of rows and heads
};

/// The kernel's parameter.
struct MergeCall {
  int num_states;
  int head_dim_v;
  StateView out;
  StateView states[kMostStates];
};

template <typename O>
__device__ inline Lanes<O> state_lanes(const StateView& state, std::int64_t row, int head) {
  return {static_cast<O*>(state.o) + row * state.o_stride[0] + head * state.o_stride[1],
          state.o_stride[2]};
}

__device__ inline float& state_lse(const StateView& state, std::int64_t row, int head) {
  return state.lse[row * state.lse_stride[0] + head * state.lse_stride[1]];
}

/// The steps that a planted kernel may replace.
struct MergeSteps {
  /// All weights are written, and every lse was read: out.lse may be that of a state.
  __device__ static void weights_written() { __syncthreads(); }
};

/// Grid: (total_q, num_q_heads).
template <typename O, typename Base, typename Steps>
__global__ void __launch_bounds__(kMergeThreads)
    merge_kernel(const __grid_constant__ MergeCall call) {
  __shared__ float weights[kMostStates];
  const std::int64_t row = blockIdx.x;
  const int head = blockIdx.y;
  float max = -INFINITY;
  for (int s = 0; s < call.num_states; ++s) {
    max = fmaxf(max, state_lse(call.states[s], row, head));
  }
  // A part without a key weighs nothing; where all are empty, exp(-inf - -inf) would be NaN.
  const int own = static_cast<int>(threadIdx.x);
  if (own < call.num_states) {
    const float lse = state_lse(call.states[own], row, head);
    weights[own] = lse == -INFINITY ? 0 : Base::exp(lse - max);
  }
  Steps::weights_written();

  float sum = 0;
  for (int s = 0; s < call.num_states; ++s) sum += weights[s];
  const auto out = state_lanes<O>(call.out, row, head);
  for (int lane = threadIdx.x; lane < call.head_dim_v; lane += kMergeThreads) {
    float weighted = 0;
    for (int s = 0; s < call.num_states; ++s) {
      if (weights[s] == 0) continue;
      weighted += weights[s] * to_float(state_lanes<const O>(call.states[s], row, head)[lane]);
    }
    out[lane] = from_float<O>(sum == 0 ? 0 : weighted / sum);
  }
  if (threadIdx.x == 0) {
    state_lse(call.out, row, head) = sum == 0 ? -INFINITY : max + Base::log(sum);
  }
}

inline StateView view_of(const attest_state& state) {
  return {state.o.data,
          static_cast<float*>(state.lse.data),
          {state.o.stride[0], state.o.stride[1], state.o.stride[2]},
          {state.lse.stride[0], state.lse.stride[1]}};
}

template <typename T>
inline constexpr attest_capabilities kMergeCapabilities = cuda_capabilities<T>(kContiguous | kPaged,
                                                                               kMergeFeatures);

template <typename T, typename Base, typename Steps, const attest_capabilities& kCapabilities>
attest_status merge_states(void*, const attest_merge* merge, attest_report* report) {
  const auto status = check_call(kCapabilities, *merge, report);
  if (status != ATTEST_OK || merge->total_q == 0) return status;
  if (merge->num_states > kMostStates) {
    return leave(report, ATTEST_REFUSED, "more than 64 states at once");
  }
  MergeCall call{merge->num_states, merge->head_dim_v, view_of(merge->out), {}};
  for (int s = 0; s < merge->num_states; ++s) call.states[s] = view_of(merge->states[s]);
  const dim3 grid(static_cast<unsigned>(merge->total_q), merge->num_q_heads);
  merge_kernel<typename T::o, Base, Steps><<<grid, kMergeThreads, 0, stream_of(*merge)>>>(call);
  return launched(report);
}

template <typename T, typename Base, typename Steps = MergeSteps>
constexpr attest_kernel merge(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kMergeCapabilities<T>);
  kernel.operations = ATTEST_OP_MERGE;
  kernel.conventions.lse_base = Base::kLseBase;
  kernel.numerics.merge_normalises = 1;
  kernel.merge = &merge_states<T, Base, Steps, kMergeCapabilities<T>>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
