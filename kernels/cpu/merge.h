// Merging partial attention states (o, lse) over disjoint key sets: any number of them at once,
// weighted by exp(lse - largest lse). Used by the merge kernel and by split-KV decode.
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

  /// The o of state s, with the strides to read it by.
  static attest_tensor operand(const attest_merge& call, std::int32_t s) {
    return call.states[s].o;
  }

  /// What the lse of the parts are measured from: the largest, so that no exp() overflows.
  template <typename T>
  static T shift(T largest_lse) {
    return largest_lse;
  }

  template <typename T>
  static T weight(T lse, T shift) {
    return std::exp(lse - shift);
  }

  /// lse of all parts together, of which at least one has a key; `sum` is that of their weights.
  template <typename S>
  static Compute<S> merged_lse(std::span<const Part<S>> /*parts*/, Compute<S> shift,
                               Compute<S> sum) {
    return shift + std::log(sum);
  }

  /// Whether a block of lanes writes lse: the last one, since out.lse may be that of a state, which
  /// every block reads.
  static bool writes_lse(bool /*first_block*/, bool last_block) { return last_block; }
};

/// Lanes that one block merges, as a grid over them would.
inline constexpr std::int64_t kLanesPerBlock = 16;

template <typename S>
Lanes<S> lanes_from(const Lanes<S>& lanes, std::int64_t first) {
  return {&lanes[first], lanes.stride};
}

/// Merges the parts of one row. `o` may be the o of a part; `weights` is scratch.
/// Shapes: part.o, o [head_dim_v]. `lse` may be null.
template <typename S, typename Steps, typename Out>
void merge_row(std::span<const Part<S>> parts, std::int64_t head_dim_v,
               std::vector<Compute<S>>& weights, Lanes<Out> o, Compute<S>* lse,
               OutputScales<Compute<S>> scales) {
  using C = Compute<S>;
  C largest_lse = kMinusInfinity<C>;
  for (const Part<S>& part : parts) largest_lse = larger(largest_lse, part.lse);
  const C shift = Steps::shift(largest_lse);

  C sum = 0;
  weights.clear();
  for (const Part<S>& part : parts) {
    weights.push_back(Steps::is_empty(part.lse) ? C{0} : Steps::weight(part.lse, shift));
    sum += weights.back();
  }
  for (std::int64_t lane = 0; lane < head_dim_v; ++lane) {
    C weighted = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!Steps::is_empty(parts[i].lse)) weighted += weights[i] * widened<C>(parts[i].o[lane]);
    }
    o[lane] = rounded<Out>(sum == 0 ? C{0} : scales.apply(weighted / sum));
  }
  if (lse != nullptr)
    *lse = sum == 0 ? kMinusInfinity<C> : Steps::template merged_lse<S>(parts, shift, sum);
}

template <typename T, typename Steps, const attest_capabilities& kCapabilities>
attest_status merge_states(void*, const attest_merge* call, attest_report* report) {
  return run_checked(kCapabilities, *call, report, [&]() -> attest_status {
    using S = Output<T>;
    using C = Compute<T>;
    std::vector<Part<S>> parts;
    std::vector<C> weights;
    std::vector<attest_tensor> operands;
    for (std::int32_t s = 0; s < call->num_states; ++s) {
      operands.push_back(Steps::operand(*call, s));
    }
    for (std::int64_t row = 0; row < call->total_q; ++row) {
      for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
        for (std::int64_t lane = 0; lane < call->head_dim_v; lane += kLanesPerBlock) {
          const std::int64_t num_lanes = std::min(kLanesPerBlock, call->head_dim_v - lane);
          const bool last = lane + num_lanes == call->head_dim_v;
          parts.clear();
          for (std::int32_t s = 0; s < call->num_states; ++s) {
            const attest_tensor& o = operands[static_cast<std::size_t>(s)];
            parts.push_back({lanes_from(lanes<const S>(o, row, head), lane),
                             *element<const C>(call->states[s].lse, row, head)});
          }
          merge_row<S, Steps>(
              std::span<const Part<S>>(parts), num_lanes, weights,
              lanes_from(lanes<S>(call->out.o, row, head), lane),
              Steps::writes_lse(lane == 0, last) ? element<C>(call->out.lse, row, head) : nullptr,
              OutputScales<C>{});
        }
      }
    }
    return ATTEST_OK;
  });
}

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
