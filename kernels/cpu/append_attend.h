// Append and attend in one call, the shape of flash_attn_with_kvcache: new keys and values go into
// the cache behind what it holds, keys and queries turned by their positions if there are rotary
// tables, then each row streams over its keys. Offers the second half alone, too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/cpu/declare.h"
#include "kernels/cpu/online_softmax.h"
#include "kernels/cpu/rotary.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/validate.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr attest_capabilities kAppendAttendCapabilities = cpu_capabilities<T>(
    kContiguous | kPadded | kPaged,
    kBothMasks | kAnyShapes | kScoreModifiers | ATTEST_FEATURE_WINDOW_LEFT |
        ATTEST_FEATURE_EMPTY_KV | ATTEST_FEATURE_EMPTY_Q | ATTEST_FEATURE_RAGGED |
        ATTEST_FEATURE_ROTARY_HALVES | ATTEST_FEATURE_ROTARY_INTERLEAVED);

/// The steps that a planted kernel may replace.
struct AppendAttendSteps : OnlineSoftmaxSteps, RotarySteps {
  /// The position that causal masks and windows take row `row` to have.
  static std::int64_t position(const Sequence& sequence, std::int64_t row) {
    return sequence.position(row);
  }

  /// Whether the call attends over what it has put into the cache, or over what it was given.
  static bool attends_to_turned(const attest_append_attend&) { return true; }
};

/// New keys as they came.
struct NoRotary : AppendAttendSteps {
  static std::int64_t rotary_dim(const attest_append_attend&) { return 0; }
};

/// Every row over its keys, in order. q is that of `call`, or turned.
template <typename T, typename Steps>
void attend_rows(const attest_attend& call) {
  RunningRow<T, Steps> state(call.head_dim_v);
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    const KvCursor<T> kv(call, b);
    for (std::int64_t row = 0; row < sequence.q_len; ++row) {
      const std::int64_t out_row = sequence.first_row + row;
      const std::int64_t position = Steps::position(sequence, row);
      const std::int64_t begin = window_begin(position, call.window_left);
      const std::int64_t end =
          call.causal != 0 ? std::min(position + 1, sequence.kv_len) : sequence.kv_len;
      for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
        const std::int64_t kv_head = kv_head_of(call, head);
        const Scorer<T> scorer(call, out_row, head, position,
                               Steps::template score_scale<Compute<T>>(call, b, head));
        state.reset();
        for (std::int64_t key = begin; key < end; ++key) {
          state.add(scorer(kv.k(key, kv_head), key), kv.v(key, kv_head));
        }
        state.write(lanes<Output<T>>(call.o, out_row, head),
                    element<Compute<T>>(call.lse, out_row, head),
                    output_scales<Compute<T>, Steps>(call, b, head));
      }
    }
  }
}

template <typename T, typename Steps>
attest_status attend_only(void*, const attest_attend* call, attest_report* report) {
  return run_checked(kAppendAttendCapabilities<T>, *call, report, [&]() -> attest_status {
    attend_rows<T, Steps>(*call);
    return ATTEST_OK;
  });
}

/// A cache that is written: the cursor's lanes without const.
template <typename E>
Lanes<E> writable(Lanes<const E> lanes) {
  return {const_cast<E*>(lanes.data), lanes.stride, lanes.block, lanes.block_stride};
}

/// Every sequence's new tokens behind its `cached` ones. `call` has the lengths after the append.
template <typename T, typename Steps>
void append_turned(const attest_append_attend& in, const attest_attend& call) {
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    const KvCursor<T> kv(call, b);
    const std::int64_t cached = in.call.kv_len.host[b];
    for (std::int64_t i = 0; i < sequence.q_len; ++i) {
      for (std::int64_t head = 0; head < call.num_kv_heads; ++head) {
        const std::int64_t token = sequence.first_row + i;
        turn<Steps, Compute<T>>(in, Steps::rotary_position(cached, i),
                                lanes<const Query<T>>(in.k_new, token, head),
                                writable(kv.k(cached + i, head)), call.head_dim_qk);
        const auto from = lanes<const Query<T>>(in.v_new, token, head);
        const Lanes<Cache<T>> to = writable(kv.v(cached + i, head));
        for (std::int64_t lane = 0; lane < call.head_dim_v; ++lane)
          to[lane] = rounded<Cache<T>>(widened<Compute<T>>(from[lane]));
      }
    }
  }
}

/// The rows of q, turned. Shapes: [total_q, num_q_heads, head_dim_qk], packed.
template <typename T, typename Steps>
std::vector<Query<T>> turned_queries(const attest_append_attend& in) {
  const attest_attend& call = in.call;
  const std::int64_t dim = call.head_dim_qk;
  std::vector<Query<T>> q(static_cast<std::size_t>(call.total_q * call.num_q_heads * dim));
  for (std::int64_t b = 0; b < call.batch; ++b) {
    const Sequence sequence = sequence_at(call, b);
    for (std::int64_t row = 0; row < sequence.q_len; ++row) {
      for (std::int64_t head = 0; head < call.num_q_heads; ++head) {
        const std::int64_t out_row = sequence.first_row + row;
        turn<Steps, Compute<T>>(
            in, Steps::rotary_position(sequence.kv_len, row),
            lanes<const Query<T>>(call.q, out_row, head),
            Lanes<Query<T>>{q.data() + (out_row * call.num_q_heads + head) * dim, 1}, dim);
      }
    }
  }
  return q;
}

template <typename T, typename Steps>
attest_status append_attend_run(void*, const attest_append_attend* in, attest_report* report) {
  attest_attend call = in->call;
  std::vector<std::int32_t> kv_len(static_cast<std::size_t>(std::max(call.batch, 0)));
  for (std::size_t b = 0; b < kv_len.size(); ++b) {
    kv_len[b] = in->call.kv_len.host[b] + call.cu_seqlens_q.host[b + 1] - call.cu_seqlens_q.host[b];
  }
  call.kv_len = {kv_len.data(), kv_len.data(), call.batch};
  return run_checked(kAppendAttendCapabilities<T>, call, report, [&]() -> attest_status {
    if (RotarySteps::rotary_dim(*in) > call.head_dim_qk) {
      leave_message(report, "rotary tables for more lanes than head_dim_qk");
      return ATTEST_REFUSED;
    }
    const bool turned = Steps::attends_to_turned(*in);
    if (turned) append_turned<T, Steps>(*in, call);
    if (!turned) append_turned<T, NoRotary>(*in, call);
    std::vector<Query<T>> q;
    if (Steps::rotary_dim(*in) > 0) {
      q = turned_queries<T, Steps>(*in);
      call.q.data = q.data();
      call.q.stride[2] = 1;
      call.q.stride[1] = call.head_dim_qk;
      call.q.stride[0] = call.num_q_heads * call.head_dim_qk;
    }
    attend_rows<T, Steps>(call);
    if (!turned) append_turned<T, Steps>(*in, call);
    return ATTEST_OK;
  });
}

template <typename T, typename Steps = AppendAttendSteps>
constexpr attest_kernel append_attend(const char* name, const char* description) {
  attest_kernel kernel = cpu_kernel<T>(name, description, kAppendAttendCapabilities<T>);
  kernel.operations = ATTEST_OP_ATTEND | ATTEST_OP_APPEND_ATTEND;
  kernel.numerics.tile = 1;
  kernel.numerics.max_splits = 1;
  kernel.attend = &attend_only<T, Steps>;
  kernel.append_attend = &append_attend_run<T, Steps>;
  return kernel;
}

}  // namespace attest::kernels::cpu
