// Words in which built-in kernels declare themselves: groups of features and layouts, sets.
#pragma once

#include <cstdint>

#include "kernels/attest_kernel.h"

namespace attest::kernels {

inline constexpr std::uint64_t kBothMasks = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_NON_CAUSAL;

/// Any shape of batch that a call can have.
inline constexpr std::uint64_t kAnyLengths = ATTEST_FEATURE_EMPTY_KV | ATTEST_FEATURE_EMPTY_Q |
                                             ATTEST_FEATURE_Q_LONGER | ATTEST_FEATURE_RAGGED |
                                             ATTEST_FEATURE_START_POS;

/// What kernels that look at every stride can do.
inline constexpr std::uint64_t kAnyShapes =
    ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_STRIDES | ATTEST_FEATURE_LSE;

inline constexpr std::uint64_t kScoreModifiers = ATTEST_FEATURE_SOFTCAP | ATTEST_FEATURE_ALIBI;

inline constexpr std::uint64_t kMergeFeatures = ATTEST_FEATURE_MERGE_IN_PLACE |
                                                ATTEST_FEATURE_MERGE_MANY |
                                                ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_STRIDES;

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

/// Element types of q, k and v, and o: ATTEST_F16 and so on.
struct CallTypes {
  std::int32_t q, kv, o;
};

/// Any number of heads, head dims and pages in CPU reach. Scales are declared by kernels with an
/// 8-bit tensor, which is what they are for.
constexpr attest_capabilities common_capabilities(std::int32_t device, const CallTypes& types,
                                                  std::uint32_t layouts, std::uint64_t features) {
  attest_capabilities capabilities{};
  capabilities.struct_size = sizeof(attest_capabilities);
  capabilities.device = device;
  capabilities.q_dtypes = ATTEST_DTYPE_BIT(types.q);
  capabilities.kv_dtypes = ATTEST_DTYPE_BIT(types.kv);
  capabilities.o_dtypes = ATTEST_DTYPE_BIT(types.o);
  capabilities.layouts = layouts;
  capabilities.features = features;
  constexpr std::uint32_t kSmall = ATTEST_DTYPE_BIT(ATTEST_E4M3) | ATTEST_DTYPE_BIT(ATTEST_E5M2);
  const std::uint32_t all = capabilities.q_dtypes | capabilities.kv_dtypes | capabilities.o_dtypes;
  if ((all & kSmall) != 0) capabilities.features |= ATTEST_FEATURE_SCALES;
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

/// A kernel without operations and arithmetic yet, which promises what all built-in ones do.
constexpr attest_kernel common_kernel(const char* name, const char* description,
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
  return kernel;
}

/// A tile no sequence is longer than: the shift is the maximum from the start.
inline constexpr std::int32_t kWholeRow = std::int32_t{1} << 20;

}  // namespace attest::kernels
