// Paged decode as vLLM's paged_attention_v1: keys in x-split pages [num_pages, num_kv_heads,
// head_dim / x, page_size, x] with x lanes in 16 bytes, values in [num_pages, num_kv_heads,
// head_dim, page_size]; one query per sequence. All scores first (the logits in shared memory),
// then the softmax over them, then P V, block by block of the table. Source: vLLM
// csrc/attention/attention_kernels.cuh.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/scales.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// The sizes that vLLM compiles its kernels for, as far as the x lanes of keys divide them.
template <typename T>
constexpr attest_capabilities paged_attention_capabilities() {
  attest_capabilities capabilities =
      cpu_capabilities<T>(ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_X_SPLIT),
                          kBothMasks | ATTEST_FEATURE_ALIBI | ATTEST_FEATURE_EMPTY_KV);
  constexpr std::int64_t kLanesPer16Bytes = 16 / static_cast<std::int64_t>(sizeof(Cache<T>));
  capabilities.head_dim_qk = {};
  for (const std::int64_t head_dim : {32, 64, 80, 96, 112, 120, 128, 192, 256}) {
    if (head_dim % kLanesPer16Bytes != 0) continue;
    capabilities.head_dim_qk.list[capabilities.head_dim_qk.count++] = head_dim;
  }
  capabilities.page_size = {};
  for (const std::int64_t page_size : {8, 16, 32}) {
    capabilities.page_size.list[capabilities.page_size.count++] = page_size;
  }
  capabilities.q_len = between(1, 1);
  return capabilities;
}

template <typename T>
inline constexpr attest_capabilities kPagedAttentionCapabilities =
    paged_attention_capabilities<T>();

/// The steps that a planted kernel may replace.
struct PagedAttentionSteps : ScaleSteps {
  static std::int64_t page(const attest_attend& call, std::int64_t b, std::int64_t block) {
    return TableRows::page(call, b, block);
  }
};

/// What is left of the softmax over some keys: the largest score and sum exp(score - largest).
template <typename C>
struct SoftmaxSums {
  C max;  ///< -inf without a key
  C sum;
};

/// Softmax over keys [first, last) of one sequence and head; `first` begins a block. `logits` gets
/// the normalised weights, `out` the weighted values.
/// Shapes: logits [last - first], out [head_dim_v].
template <typename T, typename Steps>
SoftmaxSums<Compute<T>> attend_blocks(const attest_attend& call, const Sequence& sequence,
                                      std::int64_t head, std::int64_t first, std::int64_t last,
                                      std::vector<Compute<T>>& logits,
                                      std::vector<Compute<T>>& out) {
  using C = Compute<T>;
  const std::int64_t b = sequence.index;
  const std::int64_t kv_head = kv_head_of(call, head);
  const std::int64_t page_size = call.page_size;
  const auto for_each_block = [&](auto&& body) {
    for (std::int64_t key = first; key < last; key += page_size) {
      body(key, std::min(page_size, last - key), Steps::page(call, b, key / page_size));
    }
  };

  const Scorer<T> scorer(call, sequence.first_row, head, sequence.position(0),
                         Steps::template score_scale<C>(call, b, head));
  SoftmaxSums<C> sums{kMinusInfinity<C>, 0};
  logits.clear();
  for_each_block([&](std::int64_t key, std::int64_t count, std::int64_t page) {
    for (std::int64_t j = 0; j < count; ++j) {
      logits.push_back(
          scorer(paged_lanes<const Cache<T>>(call.layout, call.k, page, j, kv_head), key + j));
      sums.max = larger(sums.max, logits.back());
    }
  });

  for (C& logit : logits) {
    logit = std::exp(logit - sums.max);
    sums.sum += logit;
  }
  for (C& logit : logits) logit /= sums.sum;

  out.assign(static_cast<std::size_t>(call.head_dim_v), C{0});
  for_each_block([&](std::int64_t key, std::int64_t count, std::int64_t page) {
    for (std::int64_t j = 0; j < count; ++j) {
      const C weight = logits[static_cast<std::size_t>(key - first + j)];
      const C p = widened<C>(rounded<Probability<T>>(weight));
      const auto v = paged_lanes<const Cache<T>>(call.layout, call.v, page, j, kv_head);
      for (std::int64_t lane = 0; lane < call.head_dim_v; ++lane) {
        out[static_cast<std::size_t>(lane)] += p * widened<C>(v[lane]);
      }
    }
  });
  return sums;
}

template <typename T, typename Steps>
attest_status paged_attention_v1_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kPagedAttentionCapabilities<T>, *call, report, [&]() -> attest_status {
    using C = Compute<T>;
    std::vector<C> logits;
    std::vector<C> out;
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        attend_blocks<T, Steps>(*call, sequence, head, 0, sequence.kv_len, logits, out);
        const Lanes<Output<T>> o = lanes<Output<T>>(call->o, sequence.first_row, head);
        const OutputScales<C> scales = output_scales<C, Steps>(*call, b, head);
        for (std::int64_t lane = 0; lane < call->head_dim_v; ++lane) {
          o[lane] = rounded<Output<T>>(scales.apply(out[static_cast<std::size_t>(lane)]));
        }
      }
    }
    return ATTEST_OK;
  });
}

/// A kernel without operations: P is normalised before it meets V, so no preset fits.
template <typename T>
constexpr attest_kernel paged_attention(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kPagedAttentionCapabilities<T>);
  kernel.numerics.preset = nullptr;
  kernel.numerics.exp_ulp = 2;
  kernel.numerics.exp_arg_ulp = 0x1p-10;
  kernel.numerics.weight_sum = ATTEST_SUM_UNROUNDED;
  kernel.numerics.ordered_block = 1;
  kernel.numerics.tile = kWholeRow;  // the maximum is known before the first exponential
  kernel.numerics.keeps_subnormals = 1;
  return kernel;
}

template <typename T, typename Steps = PagedAttentionSteps>
constexpr attest_kernel paged_attention_v1(const char* name, const char* description) {
  attest_kernel kernel = paged_attention<T>(name, description);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.max_splits = 1;
  kernel.attend = &paged_attention_v1_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
