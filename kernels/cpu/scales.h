// Quantisation scales: a stored element times its scale is the value meant, and an output holds
// value / o_scale. Those of q and k become part of the score's factor, that of v meets the sum.
#pragma once

#include <cstdint>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// The scale of head `head` of sequence b; 1 when there is none.
/// Shapes: scales [1], [heads] or [batch, heads].
inline float scale_at(const attest_tensor& scales, std::int64_t b, std::int64_t head) {
  if (scales.data == nullptr) return 1;
  const auto* first = static_cast<const float*>(scales.data);
  if (scales.rank == 2) return first[b * scales.stride[0] + head * scales.stride[1]];
  return scales.shape[0] == 1 ? first[0] : first[head * scales.stride[0]];
}

/// The steps that a planted kernel may replace.
struct ScaleSteps {
  /// What q . k is multiplied with, for query head `head` of sequence b.
  template <typename C>
  static C score_scale(const attest_attend& call, std::int64_t b, std::int64_t head) {
    return static_cast<C>(call.scale) * static_cast<C>(scale_at(call.q_scale, b, head)) *
           static_cast<C>(scale_at(call.k_scale, b, kv_head_of(call, head)));
  }

  static float v_scale(const attest_attend& call, std::int64_t b, std::int64_t kv_head) {
    return scale_at(call.v_scale, b, kv_head);
  }
};

/// What a row's output is multiplied with and then divided by. Without scales: 1, which is exact.
template <typename C>
struct OutputScales {
  C v = 1;
  C o = 1;

  C apply(C value) const { return value * v / o; }
};

/// Of the output of a whole call.
template <typename C, typename Steps>
OutputScales<C> output_scales(const attest_attend& call, std::int64_t b, std::int64_t head) {
  return {.v = static_cast<C>(Steps::v_scale(call, b, kv_head_of(call, head))),
          .o = static_cast<C>(scale_at(call.o_scale, b, 0))};
}

/// Of a partial state: o_scale belongs to the whole.
template <typename C, typename Steps>
OutputScales<C> part_scales(const attest_attend& call, std::int64_t b, std::int64_t head) {
  return {.v = static_cast<C>(Steps::v_scale(call, b, kv_head_of(call, head))), .o = 1};
}

}  // namespace attest::kernels::cpu
