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
  c.fixed = kVariance * (4 * square(a.u * row.max_abs_t) + rescales * square(a.exp_error) +
                         square(a.tanh_error * row.softcap)) +
            kMergeVariance * a.merge_levels * square(keys.lse);
  return c;
}

double statistical_bound(const StatisticalSums& sums, const LaneSums& lane_sums, double o,
                         const RowShape& row, const Arithmetic& a, const KeyConstants& constants,
                         const KeySums& keys, const LaneConstants& lane) {
  const double size_o = std::abs(o);
  const double values = path_of(row, a.value_lanes);
  const double weights = path_of(row, a.weight_lanes);
  const double rescales = 1 + functions::log(1 + constants.cap);
  const double variance =
      sums.error +
      kVariance * (square(a.p_error) * sums.square +
                   square(a.product_u) * (values * (sums.square / 2 + o * o) + sums.square) +
                   square(a.u) * (rescales + weights / 2) * o * o +
                   a.merge_levels * square(a.part_error + 2 * a.u) * square(lane_sums.size));
  // Cut sums all err towards zero, by half a unit of their partial sums on average.
  double cut_scores = 0, cut_values = 0;
  if (a.product_u > a.u) {
    cut_scores = a.product_u / 2 * dot_path(row, a);
    cut_values = a.product_u / 2 * values * std::min(lane_sums.size, lane_sums.range);
  }
  const double systematic =
      (kConstantRoundings * a.u + cut_scores) * std::abs(sums.tilt) + cut_values + sums.below +
      (a.p_in_sum ? keys.below * size_o : 0) + (lane.last + lane.common) * size_o +
      lane.floors * (size_o + std::max(std::abs(lane_sums.low), std::abs(lane_sums.high))) +
      lane.floor + lane.merge_floor;
  return (systematic + kDeviations * std::sqrt(variance)) * kSafety;
}

}  // namespace attest::oracle
