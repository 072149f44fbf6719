// Multi-head latent attention in absorbed form, as DeepSeek's models decode: all query heads share
// one KV head, a latent vector per token with the rotary lanes behind it (512 + 64), and the values
// are the latent lanes of the keys themselves. A block takes a row and four heads, one a warp;
// tiles of 8 tokens come to shared memory once and meet all of them.
#pragma once

#include "kernels/cuda/call.cuh"
#include "kernels/cuda/declare.cuh"
#include "kernels/cuda/reduce.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kLatentHeads = 4;
inline constexpr int kLatentThreads = kLatentHeads * kWarp;
inline constexpr int kLatentTile = 8;
inline constexpr int kLatentDim = 576;
inline constexpr int kLatentValueDim = 512;

template <typename T>
constexpr attest_capabilities mla_decode_capabilities() {
  attest_capabilities capabilities = cuda_capabilities<T>(
      kLatent, kBothMasks | kAnyLengths | kAnyShapes | ATTEST_FEATURE_V_IS_K_PREFIX |
                   ATTEST_FEATURE_SOFTCAP | ATTEST_FEATURE_GRAPH);
  capabilities.head_dim_qk = between(1, kLatentDim);
  capabilities.head_dim_v = between(1, kLatentValueDim);
  capabilities.num_kv_heads = between(1, 1);
  capabilities.group = between(1, 128);
  capabilities.q_len = between(1, 4);  // decode, or a few tokens of speculation
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kMlaDecodeCapabilities = mla_decode_capabilities<T>();

/// The steps that a planted kernel may replace.
struct MlaDecodeSteps {
  __device__ static void tile_written() { __syncthreads(); }
  __device__ static void tile_read() { __syncthreads(); }
};

/// Grid: (total_q, blocks of heads).
template <typename T, typename Steps>
__global__ void __launch_bounds__(kLatentThreads)
    mla_decode_kernel(const __grid_constant__ attest_attend call) {
  __shared__ float latent[kLatentTile][kLatentDim];
  constexpr int kQueryLanes = kLatentDim / kWarp;
  constexpr int kValueLanes = kLatentValueDim / kWarp;
  int b = 0;
  while (call.cu_seqlens_q.device[b + 1] <= static_cast<int>(blockIdx.x)) ++b;
  const Sequence sequence = sequence_at(call, b);
  const std::int64_t out_row = blockIdx.x;
  const int row = static_cast<int>(out_row - sequence.first_row);
  const int thread = threadIdx.x % kWarp;
  const int head =
      static_cast<int>(blockIdx.y) * kLatentHeads + static_cast<int>(threadIdx.x) / kWarp;
  const bool has_head = head < call.num_q_heads;
  const int end =
      call.causal != 0 ? min(sequence.kv_len, sequence.position(row) + 1) : sequence.kv_len;

  float query[kQueryLanes];
  const auto q = lanes<const typename T::q>(call.q, out_row, has_head ? head : 0);
#pragma unroll
  for (int i = 0; i < kQueryLanes; ++i) {
    const int lane = thread + i * kWarp;
    query[i] = lane < call.head_dim_qk ? to_float(q[lane]) : 0;
  }
  const Scorer scorer(call, sequence, row, has_head ? head : 0);
  float m = -INFINITY;
  float l = 0;
  float acc[kValueLanes] = {};

  for (int tile = 0; tile < end; tile += kLatentTile) {
    const int keys = min(kLatentTile, end - tile);
    for (int i = threadIdx.x; i < keys * call.head_dim_qk; i += kLatentThreads) {
      const int j = i / call.head_dim_qk;
      const int lane = i % call.head_dim_qk;
      latent[j][lane] =
          to_float(kv_lanes<typename T::cache>(call, call.k, sequence.index, tile + j, 0)[lane]);
    }
    Steps::tile_written();
    for (int j = 0; j < keys; ++j) {
      float dot = 0;
#pragma unroll
      for (int i = 0; i < kQueryLanes; ++i) {
        const int lane = thread + i * kWarp;
        if (lane < call.head_dim_qk) dot = fmaf(query[i], latent[j][lane], dot);
      }
      const float score = scorer(reduce_warp<Sum>(dot), tile + j);
      if (score == -INFINITY) continue;
      const float max = fmaxf(m, score);
      const float factor = max == m ? 1 : __expf(m - max);
      const float weight = __expf(score - max);
      l = l * factor + weight;
      m = max;
#pragma unroll
      for (int i = 0; i < kValueLanes; ++i) {
        const int lane = thread + i * kWarp;
        if (lane < call.head_dim_v) acc[i] = fmaf(weight, latent[j][lane], acc[i] * factor);
      }
    }
    Steps::tile_read();
  }

  if (!has_head) return;
  const auto o = lanes<typename T::o>(call.o, out_row, head);
#pragma unroll
  for (int i = 0; i < kValueLanes; ++i) {
    const int lane = thread + i * kWarp;
    if (lane >= call.head_dim_v) continue;
    const float value = l == 0 ? 0 : acc[i] / l;
    o[lane] = from_float<typename T::o>(scaled_output(call, b, head, value));
  }
  if (thread == 0 && call.lse.data != nullptr) {
    element(call.lse, out_row, head) = l == 0 ? -INFINITY : m + logf(l);
  }
}

template <typename T, typename Steps>
attest_status mla_decode_attend(void*, const attest_attend* call, attest_report* report) {
  const auto status = check_call(kMlaDecodeCapabilities<T>, *call, report);
  if (status != ATTEST_OK || call->total_q == 0) return status;
  const dim3 grid(static_cast<unsigned>(call->total_q),
                  (call->num_q_heads + kLatentHeads - 1) / kLatentHeads);
  mla_decode_kernel<T, Steps><<<grid, kLatentThreads, 0, stream_of(*call)>>>(*call);
  return launched(report);
}

template <typename T, typename Steps = MlaDecodeSteps>
constexpr attest_kernel mla_decode(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kMlaDecodeCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.ordered_block = 1;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = 1;
  kernel.attend = &mla_decode_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
