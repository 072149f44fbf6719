#include "oracle/statistical.h"

#include <algorithm>
#include <cmath>

#include "oracle/functions.h"

namespace attest::oracle {
namespace {

// The variance of one rounding error in units of u^2. Uniform over a unit in the last place it is
// 1/3 at the bottom of a binade and 1/12 at its top; 0.34 is never too small.
constexpr double kVariance = 0.34;
// Of the difference of two logarithms, relative to the proven error of one.
constexpr double kMergeVariance = 0.1;
// Standard deviations. Unstructured data needed up to 7.7 in 4.5 million elements.
constexpr double kDeviations = 8;
// The scale, log2(e) and their product as constants: the same error for every key.
constexpr double kConstantRoundings = 3;

double square(double x) { return x * x; }

double path_of(const RowShape& row, std::int64_t lanes) {
  return std::min(row.count, longest_path(row.count, lanes));
}

/// Of products and sums, per p_j^2 v_j^2.
double value_variance(const RowShape& row, const Arithmetic& a) {
  const double values = path_of(row, a.value_lanes);
  return kVariance * (square(a.p_error) + square(a.product_u) * (values / 2 + 1));
}

}  // namespace

DeviationConstants deviation_constants(const RowShape& row, const Arithmetic& a,
                                       const KeyConstants& keys) {
  const double path = dot_path(row, a);
  const double rescales = 1 + functions::log(1 + keys.cap);
  DeviationConstants c;
  c.squares = kVariance * (square(a.product_u) * path / 2 + square(a.q_error));
  c.score = kVariance * (square(a.product_u) * path + 4 * square(a.u) + 2 * square(a.score_error));
  c.arg = kVariance * square(a.exp_arg_error);
  c.extra = kVariance * 4 * square(a.u);
  c.fixed = value_variance(row, a) +
            kVariance * (4 * square(a.u * row.max_abs_t) + rescales * square(a.exp_error) +
                         square(a.tanh_error * row.softcap)) +
            kMergeVariance * a.merge_levels * square(keys.lse);
  return c;
}

StatisticalConstants statistical_constants(const RowShape& row, const Arithmetic& a,
                                           const KeyConstants& keys, const KeySums& sums) {
  const double values = path_of(row, a.value_lanes);
  const double weights = path_of(row, a.weight_lanes);
  const double rescales = 1 + functions::log(1 + keys.cap);
  StatisticalConstants c;
  // |p v|_2 <= |p (v - o)|_2 + |p|_2 |o|; the former is in `error`.
  c.linear = kDeviations * std::sqrt(value_variance(row, a) * sums.squares);
  c.o = kVariance * (square(a.product_u) * values + square(a.u) * (rescales + weights / 2));
  c.merges = kVariance * a.merge_levels * square(a.part_error + 2 * a.u);
  c.tilt = kConstantRoundings * a.u;
  if (a.cuts) {  // by half a unit on average
    c.tilt += a.product_u / 2 * dot_path(row, a);
    c.cut = a.product_u / 2 * values;
  }
  c.below = a.p_in_sum ? sums.below : 0;
  c.deviations = kDeviations;
  return c;
}

}  // namespace attest::oracle
