// What all CPU kernels declare alike; each kernel adds its name, layouts, features and operations.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/attest_kernel.h"

namespace attest::kernels::cpu {

inline constexpr std::uint64_t kBothMasks = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL;

/// Any shape of batch that a call can have.
inline constexpr std::uint64_t kAnyLengths = ATTEST_FEATURE_EMPTY_KV | ATTEST_FEATURE_EMPTY_Q |
                                             ATTEST_FEATURE_Q_LONGER | ATTEST_FEATURE_RAGGED |
                                             ATTEST_FEATURE_START_POS;

/// What views.h gives every kernel.
inline constexpr std::uint64_t kAnyShapes =
    ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_STRIDES | ATTEST_FEATURE_LSE;

/// What score.h gives every kernel.
inline constexpr std::uint64_t kScoreModifiers = ATTEST_FEATURE_SOFTCAP | ATTEST_FEATURE_ALIBI;

inline constexpr std::uint32_t kContiguous = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_CONTIGUOUS);
inline constexpr std::uint32_t kPadded = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PADDED);
inline constexpr std::uint32_t kPaged = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_NHD);

constexpr attest_set between(std::int64_t min, std::int64_t max) {
  attest_set set{};
  set.min = min;
  set.max = max;
  return set;
}

/// A tile no sequence is longer than: the shift is the maximum from the start.
inline constexpr std::int32_t kWholeRow = std::int32_t{1} << 20;

template <typename T>
inline constexpr std::int32_t kDtype = std::is_same_v<T, float> ? ATTEST_F32 : ATTEST_F64;

/// Capabilities on q, k, v and o of one type, any number of heads, head dims and pages in CPU
/// reach.
template <typename T>
constexpr attest_capabilities cpu_capabilities(std::uint32_t layouts, std::uint64_t features) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  attest_capabilities capabilities{};
  capabilities.struct_size = sizeof(attest_capabilities);
  capabilities.device = ATTEST_CPU;
  capabilities.q_dtypes = ATTEST_DTYPE_BIT(kDtype<T>);
  capabilities.layouts = layouts;
  capabilities.features = features;
  capabilities.head_dim_qk = between(1, 256);
  capabilities.head_dim_v = between(1, 256);
  capabilities.page_size = between(1, 64);
  capabilities.num_kv_heads = between(1, 0);
  capabilities.group = between(1, 0);
  capabilities.q_len = between(1, 0);
  capabilities.kv_len = between(1, 0);
  capabilities.batch = between(1, 0);
  return capabilities;
}

/// A kernel without operations yet. All run on one thread, row by row, in an order that depends on
/// the row's own sequence only: hence the promises.
template <typename T>
constexpr attest_kernel cpu_kernel(const char* name, const char* description,
                                   const attest_capabilities& capabilities) {
  attest_kernel kernel{};
  kernel.struct_size = sizeof(attest_kernel);
  kernel.promises =
      ATTEST_PROMISE_RUN_TO_RUN | ATTEST_PROMISE_BATCH_INVARIANT | ATTEST_PROMISE_VALIDATES;
  kernel.name = name;
  kernel.description = description;
  kernel.capabilities = capabilities;
  kernel.conventions.struct_size = sizeof(attest_conventions);
  kernel.numerics.struct_size = sizeof(attest_numerics);
  kernel.numerics.accumulate = kDtype<T>;
  kernel.numerics.preset = "cpu_scalar";
  return kernel;
}

}  // namespace attest::kernels::cpu
