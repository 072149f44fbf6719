// How much a case can reveal: the smallest relative error of one key's weight that takes an output
// element out of its bound. A number to compare cases by, not a bound.
#pragma once

#include "problem/inputs.h"
#include "problem/numerics.h"
#include "problem/problem.h"

namespace attest::oracle {

/// min over rows, lanes d and visible keys j of (bound_d + output rounding) / (p_j |v_jd - o_d|):
/// a weight p_j (1 + e) moves o_d by p_j e (v_jd - o_d), to first order. Infinite when nothing can
/// be seen: constant values, no keys, vacuous bounds. LSE is left out of it.
double sensitivity(const problem::Problem& problem, const problem::Inputs& inputs,
                   const problem::Numerics& numerics);

}  // namespace attest::oracle
