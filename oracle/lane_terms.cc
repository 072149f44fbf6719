// The second half of row_terms.h: from sums over the keys to what output lanes and lse need.
#include <algorithm>
#include <cmath>

#include "oracle/bound_terms.h"
#include "oracle/row_counts.h"
#include "oracle/row_terms.h"

namespace attest::oracle {
namespace {

/// Relative error of the sum of weights, spread aside: rounding, and rounded probabilities.
double weight_sum_error(const RowShape& row, const Arithmetic& a, const KeySums& sums) {
  double error =
      gamma_of(key_path(row, a, a.weight_lanes) + 1 + kSumRoundings, std::max(a.u, a.product_u));
  if (a.merge_levels > 0) error += gamma_of(row.count, a.u);
  const double below = a.p_in_sum ? sums.below : 0;
  if (a.p_in_sum && !a.p_only_in_both) error += a.p_error * (1 + error);
  return sums.weight * error + sums.loss + below;
}

/// Weight lost to underflow: each factor of each weight may be flushed once. `gain`: how far
/// weights may leave [0, 1]: the shift lags, or its own rounding moves them all.
double lost_weight(const RowShape& row, const Arithmetic& a, const KeyConstants& c, double gain) {
  if (a.tiny == 0) return 0;
  return a.tiny * (gain * row.count * (1 + c.cap + c.spare) + row.count);
}

double shift_gain(const RowShape& row, const Arithmetic& a) {
  return exp_above(a.lazy + std::abs(a.p_shift) + kShiftRoundings * a.u * row.max_abs_t);
}

/// Relative rounding of any one term on its way into a sum, and of the sums.
double largest_rounding(const RowShape& row, const Arithmetic& a, const KeyConstants& c) {
  const double path = std::max(key_path(row, a, a.value_lanes), key_path(row, a, a.weight_lanes));
  double rounding =
      gamma_of(path + 1 + kSumRoundings + row.num_scales, std::max(a.u, a.product_u)) +
      gamma_of(c.cap + c.spare, a.u) + a.p_error;
  if (a.merge_levels > 0) {
    rounding +=
        gamma_of(row.count + kMergeRoundings * a.merge_levels, a.u) + a.merge_levels * a.part_error;
  }
  return rounding;
}

}  // namespace

LaneConstants lane_constants(const RowShape& row, const Arithmetic& a, const KeyConstants& c,
                             const KeySums& sums) {
  const double levels = a.merge_levels;
  const double splits = a.max_splits > 0 ? static_cast<double>(a.max_splits) : row.count;
  const double gain = shift_gain(row, a);
  LaneConstants lane{};
  lane.floors = lost_weight(row, a, c, gain);
  lane.on_o = weight_sum_error(row, a, sums) + sums.loss + sums.below;

  const double each = kSumRoundings + row.num_scales;
  const double merges = levels > 0 ? gamma_of(row.count + kMergeRoundings * levels, a.u) : 0;
  lane.any_order = gamma_of(key_path(row, a, a.value_lanes) + 1 + each, a.product_u) + merges;
  lane.drift = a.p_error + lane.any_order;
  lane.drift_o = sums.spread + sums.loss;
  if (a.relative_sums) {
    lane.additions = gamma_of(row.count, a.product_u);
    const double path = key_path(row, a, a.value_lanes) + 1;
    lane.chain = gamma_of(std::min(row.count, path), a.product_u);
    lane.in_block = gamma_of(std::min(path, static_cast<double>(a.ordered_block)), a.product_u);
    lane.terms = gamma_of(each + 1, a.product_u) + merges;
    lane.joins = a.max_splits == 1 ? 0 : gamma_of(splits, a.product_u);
  }
  lane.rounded_p = a.p_only_in_both ? 0 : a.p_error * (1 + lane.any_order);
  lane.merges = levels * a.part_error * (1 + lane.any_order);
  // Stored before v_scale is applied.
  const double scale = std::max(1.0, std::abs(row.v_scale));
  lane.merge_floor = levels * a.part_tiny * scale;

  const double denominator = 1 - sums.spread - lane.on_o - lane.floors;
  const bool useful = denominator > kSmallestDenominator && sums.common < kLinear;
  lane.inverse = useful ? 1 / denominator : kInfinity;
  lane.last = (kNormRoundings + row.num_scales) * a.u;
  lane.common = expm1_above(std::min(sums.common, 1.0));
  lane.lerp = kLerpRoundings * a.u * levels;

  const double rounding = largest_rounding(row, a, c) + a.p_tiny * row.count + lane.floors;
  lane.hull_gain = rounding < kLinear ? 2 * rounding / (1 - rounding) + lane.last +
                                            expm1_above(levels * sums.max_common)
                                      : kInfinity;
  lane.floor = a.tiny * (kFloorsPerKey * row.count + 8) * scale + kOwnUnderflow;
  const double stored = std::min(1.0, std::abs(row.v_scale));  // before v_scale is applied
  lane.largest = a.largest / 4 / (row.count * gain) * stored;
  if (a.part_largest > 0) lane.largest = std::min(lane.largest, a.part_largest / 2 * stored);
  return lane;
}

double blend_of(const RowShape& row, const Arithmetic& a) {
  // The coefficient of sums.size in summation_error().
  const double each = kSumRoundings + row.num_scales;
  const double any_order = gamma_of(key_path(row, a, a.value_lanes) + 1 + each, a.product_u);
  return gamma_of(row.count, a.product_u) * (0.5 + any_order) + gamma_of(each + 1, a.product_u);
}

double lse_bound(const RowShape& row, const Arithmetic& a, const KeyConstants& c,
                 const KeySums& sums) {
  const double floors = lost_weight(row, a, c, shift_gain(row, a));
  const double relative = sums.spread + weight_sum_error(row, a, sums) + floors;
  double bound = minus_log_of_rest(relative);
  // ln sum exp moves by no more than its largest argument does.
  const double rounding = largest_rounding(row, a, c) + a.p_tiny * row.count + floors;
  bound = std::min(bound, sums.max_rho + minus_log_of_rest(rounding));
  bound += (1 + a.merge_levels) * c.lse;
  return bound * kSafety;
}

namespace {

/// The largest of own / kernel; nothing of both counts as 0.
double ratio(double own, double kernel) {
  if (own == 0) return 0;
  return kernel > 0 ? own / kernel : kInfinity;
}

/// A number that each error of a weight in the oracle's own evaluation is at most, as a share of
/// the kernel's. (own.delta multiplies a smaller error.)
double error_share(const ScoreConstants& own_scores, const KeyConstants& own,
                   const ScoreConstants& scores, const KeyConstants& keys) {
  const double dot = scores.dot_sum > 0
                         ? std::min(scores.dot_any, scores.dot_sum + scores.dot_terms)
                         : scores.dot_any;
  double share = std::max({ratio(own_scores.dot_any, dot), ratio(own_scores.scale, scores.scale),
                           ratio(own_scores.floor, scores.floor), ratio(own_scores.cap, scores.cap),
                           ratio(own_scores.tanh, scores.tanh), ratio(own_scores.bias, scores.bias),
                           ratio(own_scores.last, scores.last)});
  return std::max({share, ratio(own.base, keys.base), ratio(own.arg, keys.arg)});
}

}  // namespace

double own_share(const RowShape& row, const Arithmetic& kernel) {
  RowShape shape = row;
  shape.max_t = shape.max_abs_t = shape.max_abs_s = shape.max_size = shape.max_extra = 0;
  shape.count = shape.span = 1;
  shape.sum_abs_q = shape.sum_abs_k = 1;
  shape.has_extra = true;  // whether or not; the coefficients of the others do not depend on it
  const Arithmetic own = reference_arithmetic(false);
  return std::max({error_share(score_constants(shape, own), key_constants(shape, own, 0, 0),
                               score_constants(shape, kernel), key_constants(shape, kernel, 0, 0)),
                   own.u / kernel.u});
}

LaneConstants own_lane(const RowShape& row) {
  const Arithmetic own = reference_arithmetic(false);
  LaneConstants lane{};
  lane.any_order = gamma_of(row.count + 1 + kSumRoundings + row.num_scales, own.product_u);
  lane.last = (kNormRoundings + row.num_scales) * own.u;
  lane.floor = own.tiny * (kFloorsPerKey * row.count + 8) * std::max(1.0, std::abs(row.v_scale)) +
               kOwnUnderflow;
  return lane;
}

}  // namespace attest::oracle
