// Rotary embedding: pairs of lanes of one head turned by the angle of a position, from tables of
// cosines and sines. Turned in the type of sums, then rounded to what it is stored in.
#pragma once

#include <cstdint>
#include <utility>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// The steps that a planted kernel may replace.
struct RotarySteps {
  /// The position of new token `i` of a sequence that has `cached` tokens.
  static std::int64_t rotary_position(std::int64_t cached, std::int64_t i) { return cached + i; }

  /// Lanes that are turned, from the first on; the others stay.
  static std::int64_t rotary_dim(const attest_append_attend& call) {
    return call.rotary_cos.data == nullptr ? 0 : 2 * call.rotary_cos.shape[1];
  }

  /// The lanes of pair i.
  static std::pair<std::int64_t, std::int64_t> rotary_pair(const attest_append_attend& call,
                                                           std::int64_t i, std::int64_t dim) {
    if (call.rotary_interleaved != 0) return {2 * i, 2 * i + 1};
    return {i, i + dim / 2};
  }

  /// Where the tables have pair i.
  static std::int64_t rotary_column(const attest_append_attend&, std::int64_t i) { return i; }
};

inline float table_at(const attest_tensor& table, std::int64_t position, std::int64_t i) {
  return static_cast<const float*>(table.data)[position * table.stride[0] + i * table.stride[1]];
}

/// Copies `head_dim` lanes, turned for `position`. `from` and `to` may be the same.
template <typename Steps, typename C, typename From, typename To>
void turn(const attest_append_attend& call, std::int64_t position, Lanes<const From> from,
          Lanes<To> to, std::int64_t head_dim) {
  const std::int64_t dim = Steps::rotary_dim(call);
  for (std::int64_t lane = dim; lane < head_dim; ++lane)
    to[lane] = rounded<To>(widened<C>(from[lane]));
  for (std::int64_t i = 0; i < dim / 2; ++i) {
    const auto [first, second] = Steps::rotary_pair(call, i, dim);
    const C x = widened<C>(from[first]);
    const C y = widened<C>(from[second]);
    const std::int64_t column = Steps::rotary_column(call, i);
    const auto cos = static_cast<C>(table_at(call.rotary_cos, position, column));
    const auto sin = static_cast<C>(table_at(call.rotary_sin, position, column));
    to[first] = rounded<To>(x * cos - y * sin);
    to[second] = rounded<To>(x * sin + y * cos);
  }
}

}  // namespace attest::kernels::cpu
