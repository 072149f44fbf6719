// Merging partial attention states (o, lse) over disjoint key sets: any number of them at once,
// weighted by exp(lse - largest lse). Used by the merge kernel and by split-KV decode.
#pragma once

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

/// The state of one row of one head over some keys, its o stored in S.
/// Units: lse in nats, -inf for no key.
template <typename S>
struct Part {
  Lanes<const S> o;
  Compute<S> lse;
};

/// The steps that a planted kernel may replace.
struct MergeSteps {
  /// Whether to leave a part out. Without this, parts without a key weigh exp(-inf - -inf) = NaN
  /// when they meet among themselves.
  template <typename T>
  static bool is_empty(T lse) {
    return lse == kMinusInfinity<T>;
  }
};

/// Merges the parts of one row. `o` may be the o of a part; `weights` is scratch.
/// Shapes: part.o, o [head_dim_v]. `lse` may be null.
template <typename S, typename Steps, typename Out>
void merge_row(std::span<const Part<S>> parts, std::int64_t head_dim_v,
               std::vector<Compute<S>>& weights, Lanes<Out> o, Compute<S>* lse,
               OutputScales<Compute<S>> scales) {
  using C = Compute<S>;
  C max = kMinusInfinity<C>;
  for (const Part<S>& part : parts) max = larger(max, part.lse);

  C sum = 0;
  weights.clear();
  for (const Part<S>& part : parts) {
    weights.push_back(Steps::is_empty(part.lse) ? C{0} : std::exp(part.lse - max));
    sum += weights.back();
  }
  for (std::int64_t lane = 0; lane < head_dim_v; ++lane) {
    C weighted = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!Steps::is_empty(parts[i].lse)) weighted += weights[i] * widened<C>(parts[i].o[lane]);
    }
    o[lane] = rounded<Out>(sum == 0 ? C{0} : scales.apply(weighted / sum));
  }
  if (lse != nullptr) *lse = sum == 0 ? kMinusInfinity<C> : max + std::log(sum);
}

template <typename T, typename Steps, const attest_capabilities& kCapabilities>
attest_status merge_states(void*, const attest_merge* call, attest_report* report) {
  return run_checked(kCapabilities, *call, report, [&]() -> attest_status {
    using S = Output<T>;
    using C = Compute<T>;
    std::vector<Part<S>> parts;
    std::vector<C> weights;
    for (std::int64_t row = 0; row < call->total_q; ++row) {
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        parts.clear();
        for (std::int32_t s = 0; s < call->num_states; ++s) {
          const attest_state& state = call->states[s];
          parts.push_back(
              {lanes<const S>(state.o, row, head), *element<const C>(state.lse, row, head)});
        }
        merge_row<S, Steps>(std::span<const Part<S>>(parts), call->head_dim_v, weights,
                            lanes<S>(call->out.o, row, head), element<C>(call->out.lse, row, head),
                            OutputScales<C>{});
      }
    }
    return ATTEST_OK;
  });
}

inline constexpr std::uint64_t kMergeFeatures = ATTEST_FEATURE_MERGE_IN_PLACE |
                                                ATTEST_FEATURE_MERGE_MANY |
                                                ATTEST_FEATURE_HEAD_DIM_V | ATTEST_FEATURE_STRIDES;

template <typename T>
inline constexpr attest_capabilities kMergeCapabilities = cpu_capabilities<T>(kContiguous | kPaged,
                                                                              kMergeFeatures);

template <typename T, typename Steps = MergeSteps>
constexpr attest_kernel merge(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kMergeCapabilities<T>);
  kernel.operations = ATTEST_OP_MERGE;
  kernel.numerics.merge_normalises = 1;
  kernel.merge = &merge_states<T, Steps, kMergeCapabilities<T>>;
  return kernel;
}

}  // namespace attest::kernels::cpu
