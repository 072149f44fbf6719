// Scores of one query row of one head: dot product, then scale, softcap and ALiBi, in this order.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

template <typename T>
inline constexpr T kMinusInfinity = -std::numeric_limits<T>::infinity();

/// The larger of two scores; NaN when either is, so that a NaN among visible inputs stays audible.
template <typename T>
T larger(T a, T b) {
  return a > b || std::isnan(a) ? a : b;
}

template <typename T>
class Scorer {
 public:
  /// `position` is what ALiBi measures distances from.
  Scorer(const attest_attend& call, std::int64_t row, std::int64_t head, std::int64_t position)
      : q_(lanes<const T>(call.q, row, head)),
        head_dim_(call.head_dim_qk),
        position_(position),
        scale_(static_cast<T>(call.scale)),
        softcap_(static_cast<T>(call.softcap)),
        slope_(call.alibi_slopes.data != nullptr
                   ? static_cast<T>(element<float>(call.alibi_slopes, head))
                   : T{0}) {}

  /// scale * (q . k)
  T scaled_dot(Lanes<const T> k) const {
    T sum = 0;
    for (std::int64_t lane = 0; lane < head_dim_; ++lane) sum += q_[lane] * k[lane];
    return scale_ * sum;
  }

  /// Softcap and ALiBi on a scaled dot product of the key at `key_position`.
  T modified(T score, std::int64_t key_position) const {
    if (softcap_ > 0) score = softcap_ * std::tanh(score / softcap_);
    if (slope_ != 0) score -= slope_ * static_cast<T>(std::abs(position_ - key_position));
    return score;
  }

  T operator()(Lanes<const T> k, std::int64_t key_position) const {
    return modified(scaled_dot(k), key_position);
  }

 private:
  Lanes<const T> q_;
  std::int64_t head_dim_;
  std::int64_t position_;
  T scale_;
  T softcap_;
  T slope_;
};

/// The sink logit of a head, -inf without sinks.
template <typename T>
T sink_of(const attest_attend& call, std::int64_t head) {
  if (call.sinks.data == nullptr) return kMinusInfinity<T>;
  return static_cast<T>(element<float>(call.sinks, head));
}

}  // namespace attest::kernels::cpu
