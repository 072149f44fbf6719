// How a simulated kernel merges the states of its parts.
#pragma once

#include <vector>

#include "tests/oracle/simulated/machine.h"
#include "tests/oracle/simulated/shifts.h"
#include "tests/oracle/simulated/style.h"

namespace attest::tests {

/// States have one lane.
template <typename T>
class Merges {
 public:
  Merges(const Style& style, Machine<T>& machine, Shifts<T>& shifts)
      : style_(style), machine_(machine), shifts_(shifts) {}

  /// (m, l, acc) of both sets of keys.
  State<T> join(State<T> a, State<T> b);
  /// (m, l, acc) to (o, lse): acc becomes o. `rounded`: stored in the type of partial states.
  void normalise(State<T>& state, bool rounded);
  /// (o, lse) of all, by Style::merge.
  State<T> merge(std::vector<State<T>> states);

 private:
  State<T> join_normalised(const State<T>& a, const State<T>& b);
  State<T> lerp(const State<T>& a, const State<T>& b);
  State<T> merge_global(const std::vector<State<T>>& states);
  /// Stores o in the type of partial states.
  void store(State<T>& state);

  const Style& style_;
  Machine<T>& machine_;
  Shifts<T>& shifts_;
};

extern template class Merges<float>;
extern template class Merges<double>;

}  // namespace attest::tests
