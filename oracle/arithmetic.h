// Declared numerics turned into the error constants of the bounds: what one operation of a
// computation may do to a number. The bounds are formulas over these and the data of a row;
// docs/numerics.md explains both.
//
// Which sums a declared accumulator is about: kRoundToNearest and kTruncating describe every
// operation; kAlignedTruncating describes matrix products and sums of weights (a column of ones in
// the same unit), while everything else rounds to nearest.
#pragma once

#include <cstdint>

#include "problem/dtype.h"
#include "problem/numerics.h"

namespace attest::oracle {

/// Errors are relative unless said otherwise; `u` is the unit roundoff of one operation.
struct Arithmetic {
  double u = 0;

  // Sums of products and of weights.
  double product_u = 0;  ///< of one addition in a matrix product
  /// Each addition errs by at most product_u of its own result. False: blocks of `mma_depth` terms
  /// (0: unknown) are aligned to the largest and each loses `mma_cut` units of it, their sum one.
  bool relative_sums = true;
  bool cuts = false;  ///< additions err towards zero, all of them
  std::int64_t mma_depth = 0;
  double mma_cut = 1;
  std::int64_t dot_lanes = 0, value_lanes = 0, weight_lanes = 0;  ///< 0: any order
  std::int64_t tile = 0;           ///< keys between two moves of the shift; 0: any
  std::int64_t ordered_block = 0;  ///< keys are summed in order in blocks of this many; 0: are not
  std::int64_t max_splits = 0;     ///< 0: unknown

  double exp_error = 0;  ///< of exp at argument 0
  double exp_arg_error =
      0;  ///< more, per unit of |argument|: exp itself and the subtraction that made the argument
  double tanh_error = 0;  ///< absolute
  double lazy = 0;        ///< nats by which the running shift may lag behind the maximum
  bool rescales =
      true;  ///< an online softmax; false: the shift is the exact maximum from the start

  int merge_levels = 0;  ///< merges of normalised states on the way to the result
  bool merge_normalises = false;
  double part_error = 0;    ///< rounding the output of a normalised state to a smaller type
  double part_tiny = 0;     ///< absolute, where that type underflows
  double part_largest = 0;  ///< ... and where it overflows; 0: not before the sums do

  double p_error = 0;           ///< rounding of probabilities to a smaller type; 0: they stay
  double p_tiny = 0;            ///< absolute, where that type underflows
  double p_shift = 0;           ///< nats added to arguments of exp to scale probabilities
  bool p_overflows = false;     ///< the largest possible exponential does not fit into that type
  bool p_unnormalised = false;  ///< p_tiny is relative to the largest exponential, not to their sum
  bool p_in_sum = true;         ///< the denominator may add up rounded probabilities
  bool p_only_in_both = false;  ///< it certainly does: the same numbers as P V
  double q_error = 0;           ///< rounding of q * scale to the type of q; 0: not done
  double q_tiny = 0;
  double q_largest = 0;
  double score_error = 0;  ///< rounding of scores to a smaller type; 0: they stay
  double score_tiny = 0;
  double score_largest = 0;

  double tiny = 0;     ///< absolute: results below this may become 0
  double largest = 0;  ///< results above this overflow
};

/// What a kernel may do. `extra_merge_levels`: merges on top of the declared ones.
Arithmetic arithmetic_of(const problem::Numerics& numerics, problem::DType q_dtype,
                         int extra_merge_levels);

/// What the oracle's own evaluation does, for its ball: two passes, one chain of fused
/// multiply-adds per result, in double or (`double_double`) in pairs of doubles.
Arithmetic reference_arithmetic(bool double_double);

/// Roundings by product_u that a sum of `count` terms sees in all, or a term of it at most, in at
/// most `blocks` blocks of a matrix unit (which matter only if there is one).
double sum_path(const Arithmetic& a, double count, std::int64_t lanes, double blocks);

/// Additions that the term of a sum of `count` sees at most in `lanes` partial sums joined by a
/// tree; `lanes` 0: in any order.
double longest_path(double count, std::int64_t lanes);

}  // namespace attest::oracle
