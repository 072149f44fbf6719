// Append: new keys and values go to the cache slots that a slot mapping names. Used by the append
// kernel and by those that attend over the same cache.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/scales.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// Slots of the cache.
inline std::int64_t slot_count(const attest_append& call) {
  return call.layout == ATTEST_LAYOUT_CONTIGUOUS ? call.k.shape[0]
                                                 : call.num_pages * call.page_size;
}

/// The steps that a planted kernel may replace.
struct AppendSteps {
  /// Slot that an entry of the slot mapping names; none when negative.
  static std::int64_t slot(const attest_append& /*call*/, std::int64_t entry) { return entry; }

  static std::int64_t slots_per_page(const attest_append& call) { return call.page_size; }

  static bool has_room(const attest_append& call, std::int64_t slot) {
    return slot < slot_count(call);
  }
};

/// Stores the heads of token `token` of `from` [num_tokens, num_kv_heads, head_dim], each divided
/// by its scale, into slot `slot` of the cache. A token has no sequence here: scales are [1] or
/// [num_kv_heads].
template <typename T>
void store_token(const attest_append& call, const attest_tensor& from, std::int64_t token,
                 const attest_tensor& cache, const attest_tensor& scales, std::int64_t slot,
                 std::int64_t page_size, std::int64_t head_dim) {
  using C = Compute<T>;
  for (std::int64_t head = 0; head < call.num_kv_heads; ++head) {
    const auto scale = static_cast<C>(scale_at(scales, 0, head));
    const Lanes<const Query<T>> source = lanes<const Query<T>>(from, token, head);
    const Lanes<Cache<T>> target =
        call.layout == ATTEST_LAYOUT_CONTIGUOUS
            ? lanes<Cache<T>>(cache, slot, head)
            : paged_lanes<Cache<T>>(call.layout, cache, slot / page_size, slot % page_size, head);
    for (std::int64_t lane = 0; lane < head_dim; ++lane) {
      if constexpr (std::is_same_v<Query<T>, Cache<T>>) {
        if (scales.data == nullptr) {  // a copy, NaNs included
          target[lane] = source[lane];
          continue;
        }
      }
      target[lane] = rounded<Cache<T>>(widened<C>(source[lane]) / scale);
    }
  }
}

/// Writes every token whose slot is not negative, and nothing else; nothing at all when a slot is
/// past the last.
template <typename T, const attest_capabilities& kCapabilities, typename Steps = AppendSteps>
attest_status append_tokens(void*, const attest_append* call, attest_report* report) {
  return run_checked(kCapabilities, *call, report, [&]() -> attest_status {
    const std::int64_t page_size = Steps::slots_per_page(*call);
    for (std::int64_t token = 0; token < call->num_tokens; ++token) {
      const auto slot = element<std::int64_t>(call->slot_mapping, token);
      if (Steps::has_room(*call, slot)) continue;
      leave_message(report, "slot_mapping[" + std::to_string(token) +
                                "] = " + std::to_string(slot) + " is past the last slot, " +
                                std::to_string(slot_count(*call) - 1));
      return ATTEST_REFUSED;
    }
    for (std::int64_t token = 0; token < call->num_tokens; ++token) {
      const std::int64_t slot =
          Steps::slot(*call, element<std::int64_t>(call->slot_mapping, token));
      if (slot < 0) continue;  // a padding token
      store_token<T>(*call, call->k_new, token, call->k, call->k_scale, slot, page_size,
                     call->head_dim_qk);
      if (call->v.data == call->k.data) continue;  // a prefix of K
      store_token<T>(*call, call->v_new, token, call->v, call->v_scale, slot, page_size,
                     call->head_dim_v);
    }
    return ATTEST_OK;
  });
}

template <typename T>
inline constexpr attest_capabilities kAppendCapabilities = cpu_capabilities<T>(
    kContiguous | kPadded | kEveryPaged | kLatent,
    ATTEST_FEATURE_V_IS_K_PREFIX | ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_STRIDES);

template <typename T, typename Steps = AppendSteps>
constexpr attest_kernel append(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kAppendCapabilities<T>);
  kernel.operations = ATTEST_OP_APPEND;
  kernel.append = &append_tokens<T, kAppendCapabilities<T>, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
