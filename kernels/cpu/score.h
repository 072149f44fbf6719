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
  using C = Compute<T>;

  /// `position` is what ALiBi measures distances from, `scale` what q . k is multiplied with.
  Scorer(const attest_attend& call, std::int64_t row, std::int64_t head, std::int64_t position,
         C scale)
      : q_(lanes<const Query<T>>(call.q, row, head)),
        head_dim_(call.head_dim_qk),
        position_(position),
        scale_(scale),
        softcap_(static_cast<C>(call.softcap)),
        slope_(call.alibi_slopes.data != nullptr
                   ? static_cast<C>(element<float>(call.alibi_slopes, head))
                   : C{0}) {}

  /// scale * (q . k)
  C scaled_dot(Lanes<const Cache<T>> k) const {
    C sum = 0;
    for (std::int64_t lane = 0; lane < head_dim_; ++lane) {
      sum += widened<C>(q_[lane]) * widened<C>(k[lane]);
    }
    return scale_ * sum;
  }

  /// Softcap and ALiBi on a scaled dot product of the key at `key_position`.
  C modified(C score, std::int64_t key_position) const {
    return biased(capped(score), key_position);
  }

  C operator()(Lanes<const Cache<T>> k, std::int64_t key_position) const {
    return modified(scaled_dot(k), key_position);
  }

 protected:
  C capped(C score) const { return softcap_ > 0 ? softcap_ * std::tanh(score / softcap_) : score; }

  C biased(C score, std::int64_t key_position) const {
    return slope_ != 0 ? score - slope_ * distance(key_position) : score;
  }

  C distance(std::int64_t key_position) const {
    return static_cast<C>(std::abs(position_ - key_position));
  }

  Lanes<const Query<T>> q_;
  std::int64_t head_dim_;
  std::int64_t position_;
  C scale_;
  C softcap_;
  C slope_;
};

/// The sink logit of a head, -inf without sinks.
template <typename T>
Compute<T> sink_of(const attest_attend& call, std::int64_t head) {
  if (call.sinks.data == nullptr) return kMinusInfinity<Compute<T>>;
  return static_cast<Compute<T>>(element<float>(call.sinks, head));
}

}  // namespace attest::kernels::cpu
