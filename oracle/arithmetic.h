// Declared numerics turned into the error constants of the bounds: what one operation of a
// computation may do to a number. The bounds (bounds.cc) are formulas over these and the data of a
// row; docs/numerics.md explains both.
#pragma once

#include "problem/dtype.h"
#include "problem/numerics.h"

namespace attest::oracle {

/// Errors are relative unless said otherwise; `u` is the unit roundoff of one operation.
struct Arithmetic {
  double u = 0;
  double path = 1;  ///< roundings a term of a sum of n sees, per term: 2 for aligned truncation
  double exp_error = 0;  ///< of exp at argument 0
  double exp_arg_error =
      0;  ///< more, per unit of |argument|: exp itself and the subtraction that made the argument
  double tanh_error = 0;  ///< absolute
  double lazy = 0;        ///< nats by which the running shift may lag behind the maximum
  bool rescales =
      true;  ///< an online softmax; false: the shift is the exact maximum from the start
  int merge_levels = 0;  ///< merges of normalised states on the way to the result

  double p_error = 0;  ///< rounding of probabilities to a smaller type; 0: they stay
  double p_tiny = 0;   ///< absolute, where that type underflows
  double q_error = 0;  ///< rounding of q * scale to the type of q; 0: not done
  double q_tiny = 0;
  double q_largest = 0;

  double tiny = 0;     ///< absolute: results below this may become 0
  double largest = 0;  ///< results above this overflow
};

/// What a kernel may do. `extra_merge_levels`: merges on top of the declared ones.
Arithmetic arithmetic_of(const problem::Numerics& numerics, problem::DType q_dtype,
                         int extra_merge_levels);

/// What the oracle's own evaluation does: two passes in Real (double or long double) with the C
/// library's functions.
template <typename Real>
Arithmetic reference_arithmetic();

}  // namespace attest::oracle
