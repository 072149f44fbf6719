// Append: new keys and values go to the cache slots that a slot mapping names. Used by the append
// kernel and by those that attend over the same cache.
#pragma once

#include <cstdint>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// Copies the heads of token `token` of `from` [num_tokens, num_kv_heads, head_dim] into slot
/// `slot` of a cache [slots, num_kv_heads, head_dim] or [num_pages, page_size, num_kv_heads,
/// head_dim].
template <typename T>
void store_token(const attest_append& call, const attest_tensor& from, std::int64_t token,
                 const attest_tensor& cache, std::int64_t slot, std::int64_t head_dim) {
  const bool paged = call.layout == ATTEST_LAYOUT_PAGED_NHD;
  const std::int64_t* stride = cache.stride;
  const std::int64_t offset =
      paged ? slot / call.page_size * stride[0] + slot % call.page_size * stride[1]
            : slot * stride[0];
  const std::int64_t head_stride = stride[paged ? 2 : 1];
  const std::int64_t lane_stride = stride[paged ? 3 : 2];
  for (std::int64_t head = 0; head < call.num_kv_heads; ++head) {
    const Lanes<const T> source = lanes<const T>(from, token, head);
    const Lanes<T> target{static_cast<T*>(cache.data) + offset + head * head_stride, lane_stride};
    for (std::int64_t lane = 0; lane < head_dim; ++lane) target[lane] = source[lane];
  }
}

/// Writes every token whose slot is not negative, and nothing else.
template <typename T, const attest_capabilities& kCapabilities>
attest_status append_tokens(void*, const attest_append* call, attest_report* report) {
  return run_checked(kCapabilities, *call, report, [&]() -> attest_status {
    for (std::int64_t token = 0; token < call->num_tokens; ++token) {
      const auto slot = element<std::int64_t>(call->slot_mapping, token);
      if (slot < 0) continue;  // a padding token
      store_token<T>(*call, call->k_new, token, call->k, slot, call->head_dim_qk);
      store_token<T>(*call, call->v_new, token, call->v, slot, call->head_dim_v);
    }
    return ATTEST_OK;
  });
}

template <typename T>
inline constexpr attest_capabilities kAppendCapabilities =
    cpu_capabilities<T>(kContiguous | kPaged, ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_STRIDES);

template <typename T>
constexpr attest_kernel append(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kAppendCapabilities<T>);
  kernel.operations = ATTEST_OP_APPEND;
  kernel.append = &append_tokens<T, kAppendCapabilities<T>>;
  return kernel;
}

}  // namespace attest::kernels::cpu
