// The streaming softmax: one query row of one head as a running state (m, l, acc) over the keys
// seen so far. m is the largest score, l = sum exp(t_j - m), acc = sum exp(t_j - m) v_j; o = acc /
// l. Source: Milakov & Gimelshein 2018.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/scales.h"
#include "kernels/cpu/score.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// The steps that a planted kernel may replace. Real ones inherit them unchanged.
struct OnlineSoftmaxSteps : ScaleSteps {
  /// Below every score, however low: a finite stand-in would be the maximum of very low scores.
  template <typename T>
  static T initial_max() {
    return kMinusInfinity<T>;
  }

  /// The running maximum moved: what was accumulated so far shrinks with it.
  template <typename T>
  static void rescale(std::span<T> acc, T factor) {
    for (T& lane : acc) lane *= factor;
  }

  /// A weight as P V uses it: rounded to the type of P.
  template <typename P, typename C>
  static C probability(C weight) {
    constexpr C kScale = 1 << kProbabilityScaleLog2<P>;
    return widened<C>(rounded<P>(weight * kScale)) / kScale;
  }

  /// One more product in a sum of P V.
  template <typename C>
  static C accumulate(C sum, C product) {
    return sum + product;
  }

  /// Lanes of the output that are computed and written.
  static std::size_t output_lanes(std::size_t head_dim_v) { return head_dim_v; }

  /// Whether a tile of which the largest score is `tile_max` adds nothing to a row whose running
  /// maximum is `m`. Without this, exp(-inf - -inf) = NaN when neither has seen a key.
  template <typename T>
  static bool weighs_nothing(T tile_max, T /*m*/) {
    return tile_max == kMinusInfinity<T>;
  }

  /// ln sum exp(t_j) of a state that has seen a key.
  template <typename T>
  static T lse(T m, T l) {
    return m + std::log(l);
  }

  /// The same of a state that has seen none.
  template <typename T>
  static T empty_lse() {
    return kMinusInfinity<T>;
  }
};

template <typename T, typename Steps = OnlineSoftmaxSteps>
class RunningRow {
 public:
  using C = Compute<T>;

  explicit RunningRow(std::int64_t head_dim_v) : acc_(static_cast<std::size_t>(head_dim_v)) {
    reset();
  }

  void reset() {
    m_ = Steps::template initial_max<C>();
    l_ = 0;
    std::fill(acc_.begin(), acc_.end(), C{0});
  }

  void add(C score, Lanes<const Cache<T>> value) {
    add_tile(std::span<const C>(&score, 1), 1, [&](std::size_t) { return value; });
  }

  /// A tile of keys. `value(j)` gives the lanes of V row j, for j in [0, value_rows); rows past the
  /// scores have weight 0, and a correct kernel asks for none of them: 0 * NaN is NaN.
  template <typename Value>
  void add_tile(std::span<const C> scores, std::size_t value_rows, Value&& value) {
    C tile_max = kMinusInfinity<C>;
    for (const C score : scores) tile_max = larger(tile_max, score);
    if (Steps::weighs_nothing(tile_max, m_) && value_rows <= scores.size()) return;

    const C m = larger(m_, tile_max);
    const C factor = m_ == m ? C{1} : std::exp(m_ - m);
    l_ *= factor;
    Steps::rescale(std::span<C>(acc_), factor);
    m_ = m;

    for (std::size_t j = 0; j < value_rows; ++j) {
      const C weight = j < scores.size() ? std::exp(scores[j] - m) : C{0};
      l_ += weight;
      const C p = Steps::template probability<Probability<T>>(weight);
      const Lanes<const Cache<T>> v = value(j);
      for (std::size_t lane = 0; lane < acc_.size(); ++lane) {
        acc_[lane] =
            Steps::accumulate(acc_[lane], p * widened<C>(v[static_cast<std::int64_t>(lane)]));
      }
    }
  }

  /// One more logit, without a value. -inf changes nothing.
  void add_sink(C logit) {
    if (logit == kMinusInfinity<C>) return;
    const C m = larger(m_, logit);
    const C factor = m_ == m ? C{1} : std::exp(m_ - m);
    l_ = l_ * factor + std::exp(logit - m);
    Steps::rescale(std::span<C>(acc_), factor);
    m_ = m;
  }

  /// Writes o = acc / l, times its scales and in its own type, and, unless null, lse. Without a
  /// key or sink: o = 0, lse = -inf.
  template <typename S>
  void write(Lanes<S> o, C* lse, OutputScales<C> scales) const {
    const bool empty = l_ == 0;
    for (std::size_t lane = 0; lane < Steps::output_lanes(acc_.size()); ++lane) {
      const C value = empty ? C{0} : scales.apply(acc_[lane] / l_);
      o[static_cast<std::int64_t>(lane)] = rounded<S>(value);
    }
    if (lse != nullptr) *lse = empty ? Steps::template empty_lse<C>() : Steps::lse(m_, l_);
  }

 private:
  C m_;
  C l_;
  std::vector<C> acc_;
};

}  // namespace attest::kernels::cpu
