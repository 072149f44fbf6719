// How loose a declaration may be. Looser arithmetic has wider bounds, and at some width a wrong
// kernel passes everywhere. Where that begins is measured on one small problem, without the oracle.
#pragma once

#include <string_view>

#include "problem/numerics.h"

namespace attest::kernels {

/// Two keys, 16 lanes of q, scores +4 and -4, so that one weighs e^-8 of the other. This is how far
/// declared arithmetic may be off in the smaller weight.
struct WeightError {
  double total = 0;          ///< relative
  std::string_view largest;  ///< field that adds most to it
  double largest_share = 0;
};

/// Error:  about what the oracle's bound is for this problem, to a tenth where it is below 20 %.
WeightError weight_error(const problem::Numerics& numerics, problem::DType q_dtype);

/// No declaration may leave more open. A softmax scale 2 % off changes the same weight by e^0.16 -
/// 1 = 17 % or 1 - e^-0.16 = 15 %, the mean of V or zeroes by far more: all three are found on
/// this problem, whatever is declared (tests/kernels/numerics_floor_test.cc).
inline constexpr double kLargestWeightError = 0.13;

/// Nor may tanh err by more than this, absolutely: under a softcap of 16 the two scores are then
/// 2^-5 apart from what they should be, and 2 % of them is 0.16.
inline constexpr double kLargestTanhError = 0x1p-10;

}  // namespace attest::kernels
