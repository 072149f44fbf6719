// The one inequality all bounds are made of. Internal to oracle/.
#pragma once

#include "problem/special_values.h"

namespace attest::oracle {

/// k roundings of relative size u in a row change a number by at most this factor minus 1:
/// |prod (1 + d_i)^(+-1) - 1| <= k u / (1 - k u) <= k u (1 + 2 k u).
/// Source: Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1.
inline double gamma_of(double k, double u) {
  const double x = k * u;
  return x < 0.5 ? x * (1 + 2 * x) : kInfinity;
}

}  // namespace attest::oracle
