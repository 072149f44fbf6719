// What all CPU kernels declare alike; each kernel adds its name, layouts, features and operations.
#pragma once

#include <cstdint>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/element_types.h"

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
inline constexpr std::uint32_t kEveryPaged = kPaged | ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_HND) |
                                             ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_INTERLEAVED) |
                                             ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_X_SPLIT);
/// One KV head, V a prefix of K; declared together with ATTEST_FEATURE_V_IS_K_PREFIX.
inline constexpr std::uint32_t kLatent = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_MLA_LATENT);

constexpr attest_set between(std::int64_t min, std::int64_t max) {
  attest_set set{};
  set.min = min;
  set.max = max;
  return set;
}

/// A tile no sequence is longer than: the shift is the maximum from the start.
inline constexpr std::int32_t kWholeRow = std::int32_t{1} << 20;

/// Scales are declared by kernels with an 8-bit tensor, which is what they are for.
template <typename T>
inline constexpr std::uint64_t kScalesIfSmall = sizeof(Query<T>) == 1 || sizeof(Cache<T>) == 1 ||
                                                        sizeof(Output<T>) == 1
                                                    ? ATTEST_FEATURE_SCALES
                                                    : 0;

/// Capabilities on q, k, v and o of the types of T, any number of heads, head dims and pages in CPU
/// reach.
template <typename T>
constexpr attest_capabilities cpu_capabilities(std::uint32_t layouts, std::uint64_t features) {
  attest_capabilities capabilities{};
  capabilities.struct_size = sizeof(attest_capabilities);
  capabilities.device = ATTEST_CPU;
  capabilities.q_dtypes = ATTEST_DTYPE_BIT(abi_dtype<Query<T>>());
  capabilities.kv_dtypes = ATTEST_DTYPE_BIT(abi_dtype<Cache<T>>());
  capabilities.o_dtypes = ATTEST_DTYPE_BIT(abi_dtype<Output<T>>());
  capabilities.layouts = layouts;
  capabilities.features = features | kScalesIfSmall<T>;
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
  kernel.numerics.accumulate = abi_dtype<Compute<T>>();
  kernel.numerics.preset = "cpu_scalar";
  if (kIsSmall<Probability<T>>) {
    kernel.numerics.p_dtype_plus_1 = abi_dtype<Probability<T>>() + 1;
    kernel.numerics.p_scale_log2 = kProbabilityScaleLog2<Probability<T>>;
  }
  return kernel;
}

}  // namespace attest::kernels::cpu
