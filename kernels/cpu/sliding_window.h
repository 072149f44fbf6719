// Sliding-window attention that only ever visits keys inside the window: both edges are loop bounds
// computed from the query's position, with or without a causal mask, with attention sinks.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/append.h"
#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kSlidingWindowCapabilities = cpu_capabilities<T>(
    kContiguous | kPaged, kBothMasks | kAnyLengths | kAnyShapes | kScoreModifiers |
                              ATTEST_FEATURE_WINDOW_LEFT | ATTEST_FEATURE_WINDOW_RIGHT |
                              ATTEST_FEATURE_SINK);

/// The steps that a planted kernel may replace.
struct SlidingWindowSteps : OnlineSoftmaxSteps {
  /// First key in the window; `left` counts the tokens before the query's own, < 0 means all.
  static std::int64_t begin(const Sequence& /*sequence*/, std::int64_t position,
                            std::int64_t left) {
    return window_begin(position, left);
  }

  /// The key to visit after `key`.
  static std::int64_t next_key(const Sequence& /*sequence*/, std::int64_t /*position*/,
                               std::int64_t /*left*/, std::int64_t key) {
    return key + 1;
  }

  /// First key past the window and, when causal, past the query itself.
  static std::int64_t end(const attest_attend& call, const Sequence& sequence,
                          std::int64_t position) {
    std::int64_t end = sequence.kv_len;
    if (call.causal != 0) end = std::min(end, position + 1);
    const bool bounded = call.window_right >= 0 && call.window_right < sequence.kv_len - position;
    return bounded ? std::min(end, position + call.window_right + 1) : end;
  }
};

template <typename T, typename Steps>
attest_status sliding_window_attend(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kSlidingWindowCapabilities<T>, *call, report, [&]() -> attest_status {
    RunningRow<T, Steps> state(call->head_dim_v);
    for (std::int64_t b = 0; b < call->batch; ++b) {
      const Sequence sequence = sequence_at(*call, b);
      const KvCursor<T> kv(*call, b);
      for (std::int64_t row = 0; row < sequence.q_len; ++row) {
        const std::int64_t out_row = sequence.first_row + row;
        const std::int64_t position = sequence.position(row);
        const std::int64_t begin = Steps::begin(sequence, position, call->window_left);
        const std::int64_t end = Steps::end(*call, sequence, position);
        for (std::int64_t head = 0; head < call->num_q_heads; ++head) {
          const std::int64_t kv_head = kv_head_of(*call, head);
          const Scorer<T> scorer(*call, out_row, head, position,
                                 Steps::template score_scale<Compute<T>>(*call, b, head));
          state.reset();
          for (std::int64_t key = begin; key < end;
               key = Steps::next_key(sequence, position, call->window_left, key)) {
            state.add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
          }
          state.add_sink(sink_of<T>(*call, head));
          state.write(lanes<Output<T>>(call->o, out_row, head),
                      element<Compute<T>>(call->lse, out_row, head),
                      output_scales<Compute<T>, Steps>(*call, b, head));
        }
      }
    }
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = SlidingWindowSteps>
constexpr attest_kernel sliding_window(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kSlidingWindowCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND | ATTEST_OP_APPEND;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = 1;
  kernel.attend = &sliding_window_attend<T, Steps>;
  kernel.append = &append_tokens<T, kSlidingWindowCapabilities<T>>;
  return kernel;
}

}  // namespace attest::kernels::cpu
