// Causal prefill with the queries outside: each row streams over its keys, one after the other, up
// to itself. A chunk in the middle of a prompt, a whole prompt and a decode step are one loop.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kPrefillQueryOuterCapabilities = cpu_capabilities<T>(
    kContiguous | kEveryPaged, ATTEST_FEATURE_CAUSAL | kAnyLengths | kAnyShapes | kScoreModifiers |
                                   ATTEST_FEATURE_WINDOW_LEFT);

/// The steps that a planted kernel may replace.
struct PrefillQueryOuterSteps : OnlineSoftmaxSteps {
  template <typename T>
  using RowScorer = Scorer<T>;

  static std::int64_t position(const Sequence& sequence, std::int64_t row) {
    return sequence.position(row);
  }

  /// First key in the future of a query at `position`; it sees itself.
  static std::int64_t causal_end(std::int64_t position) { return position + 1; }
};

template <typename T, typename Steps>
attest_status prefill_query_outer_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kPrefillQueryOuterCapabilities<T>, *call, report, [&]() -> attest_status {
    RunningRow<T, Steps> state(call->head_dim_v);
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      const KvCursor<T> kv(*call, b);
      for (std::int64_t row = 0; row < sequence.q_len; ++row) {
        const std::int64_t out_row = sequence.first_row + row;
        const std::int64_t position = Steps::position(sequence, row);
        const std::int64_t begin = window_begin(position, call->window_left);
        const std::int64_t end = std::min(Steps::causal_end(position), sequence.kv_len);
        for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
          const std::int64_t kv_head = kv_head_of(*call, head);
          const typename Steps::template RowScorer<T> scorer(
              *call, out_row, head, position,
              Steps::template score_scale<Compute<T>>(*call, b, head));
          state.reset();
          for (std::int64_t key = begin; key < end; ++key) {
            state.add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
          }
          state.write(lanes<Output<T>>(call->o, out_row, head),
                      element<Compute<T>>(call->lse, out_row, head),
                      output_scales<Compute<T>, Steps>(*call, b, head));
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = PrefillQueryOuterSteps>
constexpr attest_kernel prefill_query_outer(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kPrefillQueryOuterCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = 1;
  kernel.attend = &prefill_query_outer_attend<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
