// Append: new keys and values go to the cache slots that a slot mapping names, quantised if the
// cache is. A block for each token. A slot past the last cannot be refused here, since only the
// device knows the mapping: such a token is skipped.
#pragma once

#include <type_traits>

#include "kernels/cuda/call.cuh"
#include "kernels/cuda/declare.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

inline constexpr int kAppendThreads = 128;

template <typename T>
inline constexpr attest_capabilities kAppendCapabilities = cuda_capabilities<T>(
    kContiguous | kPadded | kEveryPaged | kLatent,
    ATTEST_FEATURE_V_IS_K_PREFIX | ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_STRIDES);

/// Stores the heads of token `token` of `from` [num_tokens, num_kv_heads, head_dim] in slot `slot`,
/// each divided by its scale.
template <typename T>
__device__ inline void store_token(const attest_append& call, const attest_tensor& from,
                                   const attest_tensor& cache, const attest_tensor& scales,
                                   std::int64_t token, std::int64_t slot, int head_dim) {
  using Q = typename T::q;
  using Cache = typename T::cache;
  for (int i = threadIdx.x; i < call.num_kv_heads * head_dim; i += kAppendThreads) {
    const int head = i / head_dim;
    const int lane = i % head_dim;
    const Q value = lanes<const Q>(from, token, head)[lane];
    const auto target = call.layout == ATTEST_LAYOUT_CONTIGUOUS
                            ? lanes<Cache>(cache, slot, head)
                            : paged_lanes<Cache>(call.layout, cache, slot / call.page_size,
                                                 static_cast<int>(slot % call.page_size), head);
    if constexpr (std::is_same_v<Q, Cache>) {
      if (scales.data == nullptr) {  // a copy, NaNs included
        target[lane] = value;
        continue;
      }
    }
    target[lane] = from_float<Cache>(to_float(value) / scale_at(scales, 0, head));
  }
}

/// Grid: (num_tokens).
template <typename T>
__global__ void __launch_bounds__(kAppendThreads)
    append_kernel(const __grid_constant__ attest_append call, std::int64_t num_slots) {
  const std::int64_t token = blockIdx.x;
  const auto* mapping = static_cast<const std::int64_t*>(call.slot_mapping.data);
  const std::int64_t slot = mapping[token * call.slot_mapping.stride[0]];
  if (slot < 0 || slot >= num_slots) return;  // a padding token
  store_token<T>(call, call.k_new, call.k, call.k_scale, token, slot, call.head_dim_qk);
  if (call.v.data == call.k.data) return;  // a prefix of K
  store_token<T>(call, call.v_new, call.v, call.v_scale, token, slot, call.head_dim_v);
}

template <typename T>
attest_status append_tokens(void*, const attest_append* call, attest_report* report) {
  const auto status = check_call(kAppendCapabilities<T>, *call, report);
  if (status != ATTEST_OK || call->num_tokens == 0) return status;
  const std::int64_t num_slots = call->layout == ATTEST_LAYOUT_CONTIGUOUS
                                     ? call->k.shape[0]
                                     : call->num_pages * call->page_size;
  append_kernel<T>
      <<<static_cast<unsigned>(call->num_tokens), kAppendThreads, 0, stream_of(*call)>>>(*call,
                                                                                         num_slots);
  return launched(report);
}

template <typename T>
constexpr attest_kernel append(const char* name, const char* description) {
  attest_kernel kernel = cuda_kernel<T>(name, description, kAppendCapabilities<T>);
  kernel.promises &= ~ATTEST_PROMISE_VALIDATES;
  kernel.operations = ATTEST_OP_APPEND;
  kernel.append = &append_tokens<T>;
  return kernel;
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
