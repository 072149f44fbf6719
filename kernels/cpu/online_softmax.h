// The streaming softmax: one query row of one head as a running state (m, l, acc) over the keys
// seen so far. m is the largest score, l = sum exp(t_j - m), acc = sum exp(t_j - m) v_j; o = acc /
// l. Source: Milakov & Gimelshein 2018.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/score.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// The steps that a planted kernel may replace. Real ones inherit them unchanged.
struct OnlineSoftmaxSteps {
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

  /// ln sum exp(t_j) of a state that has seen a key.
  template <typename T>
  static T lse(T m, T l) {
    return m + std::log(l);
  }
};

template <typename T, typename Steps = OnlineSoftmaxSteps>
class RunningRow {
 public:
  explicit RunningRow(std::int64_t head_dim_v) : acc_(static_cast<std::size_t>(head_dim_v)) {
    reset();
  }

  void reset() {
    m_ = Steps::template initial_max<T>();
    l_ = 0;
    std::fill(acc_.begin(), acc_.end(), T{0});
  }

  void add(T score, Lanes<const T> value) {
    add_tile(std::span<const T>(&score, 1), 1, [&](std::size_t) { return value; });
  }

  /// A tile of keys. `value(j)` gives the lanes of V row j, for j in [0, value_rows); rows past the
  /// scores have weight 0, and a correct kernel asks for none of them: 0 * NaN is NaN.
  template <typename Value>
  void add_tile(std::span<const T> scores, std::size_t value_rows, Value&& value) {
    T tile_max = kMinusInfinity<T>;
    for (const T score : scores) tile_max = larger(tile_max, score);
    if (tile_max == kMinusInfinity<T> && value_rows <= scores.size()) return;  // weighs nothing

    const T m = larger(m_, tile_max);
    const T factor = m_ == m ? T{1} : std::exp(m_ - m);
    l_ *= factor;
    Steps::rescale(std::span<T>(acc_), factor);
    m_ = m;

    for (std::size_t j = 0; j < value_rows; ++j) {
      const T weight = j < scores.size() ? std::exp(scores[j] - m) : T{0};
      l_ += weight;
      const Lanes<const T> v = value(j);
      for (std::size_t lane = 0; lane < acc_.size(); ++lane) {
        acc_[lane] += weight * v[static_cast<std::int64_t>(lane)];
      }
    }
  }

  /// One more logit, without a value. -inf changes nothing.
  void add_sink(T logit) {
    if (logit == kMinusInfinity<T>) return;
    const T m = larger(m_, logit);
    const T factor = m_ == m ? T{1} : std::exp(m_ - m);
    l_ = l_ * factor + std::exp(logit - m);
    Steps::rescale(std::span<T>(acc_), factor);
    m_ = m;
  }

  /// Writes o = acc / l and, unless null, lse. Without a key or sink: o = 0, lse = -inf.
  void write(Lanes<T> o, T* lse) const {
    const bool empty = l_ == 0;
    for (std::size_t lane = 0; lane < acc_.size(); ++lane) {
      o[static_cast<std::int64_t>(lane)] = empty ? T{0} : acc_[lane] / l_;
    }
    if (lse != nullptr) *lse = empty ? kMinusInfinity<T> : Steps::lse(m_, l_);
  }

 private:
  T m_;
  T l_;
  std::vector<T> acc_;
};

}  // namespace attest::kernels::cpu
