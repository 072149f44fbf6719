// The running shift of an online softmax, in whatever unit a simulated kernel keeps its scores.
#pragma once

#include <limits>
#include <vector>

#include "tests/oracle/simulated/machine.h"
#include "tests/oracle/simulated/sabotage.h"
#include "tests/oracle/simulated/style.h"

namespace attest::tests {

/// The state of a set of keys.
template <typename T>
struct State {
  T m = -std::numeric_limits<T>::infinity();  ///< shift, in the unit of the scores
  std::vector<T> l = {0};                     ///< [lanes]; 1 once joined
  std::vector<T> acc;                         ///< [lanes, head_dim_v]; 1 lane once joined
  T lse = -std::numeric_limits<T>::infinity();
  bool empty() const { return m == -std::numeric_limits<T>::infinity(); }
};

/// What one unit of a score is.
template <typename T>
struct ScoreUnit {
  bool base_2 = false;
  bool fused = false;  ///< scores are raw products
  T scale = 1;         ///< fused: raw score to nats ...
  T factor = 1;        ///< ... and to bits
};

template <typename T>
class Shifts {
 public:
  Shifts(const Style& style, const Sabotage& sabotage, Machine<T>& machine)
      : style_(style), sabotage_(sabotage), machine_(machine) {}
  void set_unit(const ScoreUnit<T>& unit) { unit_ = unit; }

  T natural(T score) const;
  T in_units(T nats) const;
  /// Whether weight() multiplies by 2^p_scale_log2. Only in base 2: there the offset is exact.
  bool scales_in_argument() const { return style_.p_scale_in_argument && unit_.base_2; }
  /// e^(score - shift).
  T weight(T score, T shift);
  /// Moves the state to another shift.
  void rescale(State<T>& state, T shift);

 private:
  const Style& style_;
  const Sabotage& sabotage_;
  Machine<T>& machine_;
  ScoreUnit<T> unit_;
};

extern template class Shifts<float>;
extern template class Shifts<double>;

}  // namespace attest::tests
