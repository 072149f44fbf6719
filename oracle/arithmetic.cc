#include "oracle/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oracle/functions.h"
#include "oracle/simd/errors.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

using problem::Accumulator;
using problem::DType;
using problem::Numerics;

constexpr double kLn2 = 0.6931471805599453;

/// Products that are accumulated with this many bits are taken to be f16 numbers, with its range.
constexpr int kBitsOfF16 = 11;

void set_sums(const Numerics& numerics, Arithmetic& a) {
  const bool cuts = numerics.accumulator != Accumulator::kRoundToNearest;
  const double nearest = problem::unit_roundoff(numerics.accumulate);
  a.product_u = nearest;
  if (numerics.product_bits > 0) {
    a.product_u = std::max(nearest, std::ldexp(1.0, -numerics.product_bits));
  }
  // Cutting loses up to a whole unit in the last place, rounding half of one.
  if (cuts) a.product_u *= 2;
  a.cuts = cuts;
  a.u = numerics.accumulator == Accumulator::kTruncating ? 2 * nearest : nearest;
  if (numerics.accumulator == Accumulator::kAlignedTruncating) {
    a.relative_sums = false;
    a.mma_depth = numerics.mma_depth;
    a.mma_cut = std::ldexp(1.0, -numerics.mma_extra_bits);
  }
  a.dot_lanes = numerics.dot_lanes;
  a.value_lanes = numerics.value_lanes;
  a.weight_lanes = numerics.weight_lanes;
  a.tile = numerics.tile;
  a.ordered_block = numerics.ordered_block;
  a.max_splits = numerics.max_splits;
}

/// True when rounding to `type` loses more than an operation in `accumulate`.
bool is_coarser(DType type, DType accumulate) {
  return problem::unit_roundoff(type) > problem::unit_roundoff(accumulate);
}

void set_rounded_types(const Numerics& numerics, DType q_dtype, Arithmetic& a) {
  const DType type = numerics.accumulate;
  if (is_coarser(numerics.p_dtype, type)) {
    a.p_error = problem::unit_roundoff(numerics.p_dtype);
    a.p_tiny =
        std::ldexp(problem::smallest_subnormal(numerics.p_dtype) / 2, -numerics.p_scale_log2);
    a.p_shift = numerics.p_scale_log2 * kLn2;
    // (A little more than the largest: scores err.)
    const double largest_p =
        1.01 * functions::exp(std::min(numerics.lazy_rescale + a.p_shift, 700.0));
    a.p_overflows = largest_p > problem::largest_finite(numerics.p_dtype);
    a.p_unnormalised = numerics.p_unnormalised;
    a.p_in_sum = numerics.weight_sum != problem::WeightSum::kUnrounded;
    a.p_only_in_both = numerics.weight_sum == problem::WeightSum::kRounded;
  }
  if (numerics.q_prescaled) {
    a.q_error = problem::unit_roundoff(q_dtype);
    a.q_tiny = problem::smallest_subnormal(q_dtype) / 2;
    a.q_largest = problem::largest_finite(q_dtype);
  }
  if (is_coarser(numerics.score_dtype, type)) {
    a.score_error = problem::unit_roundoff(numerics.score_dtype);
    a.score_tiny = problem::smallest_subnormal(numerics.score_dtype) / 2;
    a.score_largest = problem::largest_finite(numerics.score_dtype);
  }
  if (is_coarser(numerics.part_dtype, type)) {
    a.part_error = problem::unit_roundoff(numerics.part_dtype);
    a.part_tiny = problem::smallest_subnormal(numerics.part_dtype) / 2;
    a.part_largest = problem::largest_finite(numerics.part_dtype);
  }
}

}  // namespace

Arithmetic arithmetic_of(const Numerics& numerics, DType q_dtype, int extra_merge_levels) {
  const DType type = numerics.accumulate;
  Arithmetic a;
  set_sums(numerics, a);
  a.exp_error = numerics.exp_ulp * a.u;
  a.exp_arg_error = (numerics.exp_arg_ulp + 1) * a.u;
  a.tanh_error = numerics.tanh_ulp * a.u;
  a.lazy = numerics.lazy_rescale;
  a.merge_levels = numerics.merge_levels + extra_merge_levels;
  a.merge_normalises = numerics.merge_normalises;
  set_rounded_types(numerics, q_dtype, a);
  a.tiny = problem::smallest_normal(type);
  a.largest = problem::largest_finite(type);
  if (numerics.product_bits == kBitsOfF16) {
    a.largest = std::min(a.largest, problem::largest_finite(DType::kF16));
    a.tiny = std::max(a.tiny, problem::smallest_normal(DType::kF16));
  }
  // Below the smallest normal number the last place stays where it is. (The oracle itself takes
  // weights below e^-708 for 0, so there is nothing to gain for f64.)
  if (numerics.keeps_subnormals && type != DType::kF64) {
    a.tiny *= a.product_u;
  }
  return a;
}

namespace {

// Grid-anchored sums of double-double keep 2^-104 of the sum of absolute values per term.
constexpr double kDoubleDoubleSums = 0x1p-98;

}  // namespace

Arithmetic reference_arithmetic(bool double_double) {
  Arithmetic a;
  a.u = a.product_u = double_double ? kDoubleDoubleSums : 0x1p-53;
  a.exp_error = double_double ? simd::kDDExpError : simd::kExpError;
  a.exp_arg_error = a.u;
  a.tanh_error = double_double ? simd::kDDTanhError : simd::kTanhError;
  a.rescales = false;
  // Doubles are not flushed; what underflows is below half the smallest subnormal. (A normal number
  // does for kernels in f32, and computing with subnormal ones is slow.)
  a.tiny = double_double ? kSmallestDouble : std::numeric_limits<double>::min();
  a.largest = std::numeric_limits<double>::max();
  return a;
}

double sum_path(const Arithmetic& a, double count, std::int64_t lanes, double blocks) {
  if (a.relative_sums) return longest_path(count, lanes);
  if (a.mma_depth == 0) blocks = count;
  // In each block every term and the running sum are cut, and then their sum is.
  return (count + blocks) * a.mma_cut + blocks;
}

double longest_path(double count, std::int64_t lanes) {
  if (lanes <= 0) return count;
  int levels = 0;
  while (levels < 62 && (std::int64_t{1} << levels) < lanes) ++levels;
  return std::min(count, std::ceil(count / static_cast<double>(lanes)) + levels);
}

}  // namespace attest::oracle
