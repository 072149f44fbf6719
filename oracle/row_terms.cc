#include "oracle/row_terms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oracle/bound_terms.h"
#include "oracle/functions.h"

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Counts of roundings on paths that no declaration describes. Each is the largest of the
// implementations known.
constexpr double kLaneRoundings =
    1;  // q * scale, kept in the accumulation type, before the product
constexpr double kScaleRoundings =
    4;  // scale and log2(e) made constants, their product, the product with q.k
constexpr double kStoredScores =
    2;  // scores in a smaller type: after the product, after the scale; after the rest, twice
constexpr double kCapRoundings =
    3;  // softcap or its reciprocal made a constant, the division, log2(e)
constexpr double kBiasRoundings =
    5;  // slope and log2(e) made constants, two products, the sum before the last
constexpr double kBiasAdds = 2;       // ALiBi and an additive bias, each added to the score
constexpr double kSinkRoundings = 2;  // log2(e) made a constant, the product

constexpr double kShiftRoundings =
    2;  // exp2(s * c - fl(m * c)): the shift is rounded apart from the score
constexpr double kSumRoundings = 2;  // v or p scaled or normalised before the sum, once each
constexpr double kSpareRescales =
    2;  // a rescale to a shift that is not larger, such as merging parts at the end
constexpr double kMergeRoundings =
    4;  // one merge: weight times o, weight over their sum, storing o
constexpr double kLerpRoundings =
    4;  // a merge as a + (b - a) w: difference, w (two), product, all relative to b - a
constexpr double kShiftToNats = 4;    // two products, the sum with log l, storing lse
constexpr double kLogRoundings = 8;   // log l, relative and absolute near 1, to nats
constexpr double kNormRoundings = 3;  // reciprocal, product, storing o
constexpr double kFloorsPerKey =
    4;  // places where a term of an output sum may fall below the smallest normal
// Denominators this close to 0 say nothing any more; then only the hull bounds the result.
constexpr double kSmallestDenominator = 0.05;
// What these formulas themselves lose when all values are subnormal doubles.
constexpr double kOwnUnderflow = 8 * std::numeric_limits<double>::denorm_min();
constexpr double kLargestExponent = 700;  // e^x stays finite
constexpr double kLinear = 0.5;           // largest rho for which key_terms() holds

/// An upper bound of e^x - 1 that is cheap for the usual small x (x + x^2 holds up to 1.79).
double expm1_above(double x) {
  return x < kLinear ? x * (1 + x) : functions::exp(std::min(x, kLargestExponent));
}

/// An upper bound of e^x.
double exp_above(double x) {
  return x < kLinear ? 1 + x * (1 + x) : functions::exp(std::min(x, kLargestExponent));
}

/// At least -ln(1 - x): the series is below x + x^2 / 2 + x^3 / 2 + ...
double minus_log_of_rest(double x) { return x < 1 ? x + x * x / (2 * (1 - x)) : kInfinity; }

/// No computed score is larger in magnitude.
double magnitude_of(const RowShape& row, double max_delta) { return row.max_abs_t + max_delta; }

double log_count(const RowShape& row) { return functions::log(std::max(2.0, row.count)); }

/// Error of one lse made from m and l.
double lse_error(const RowShape& row, const Arithmetic& a, double max_delta) {
  return a.u * (kShiftToNats * (magnitude_of(row, max_delta) + std::abs(a.p_shift)) +
                kLogRoundings * (log_count(row) + 1));
}

/// Tiles that have a visible key: they are told apart by index, and parts need not begin with one.
double tiles_touched(const RowShape& row, const Arithmetic& a) {
  if (a.tile <= 0 || a.max_splits <= 0) return row.count;
  const double tiles = std::ceil(row.span / static_cast<double>(a.tile)) + 1;
  return std::min(row.count, tiles + static_cast<double>(a.max_splits));
}

/// Blocks of a matrix unit that have a visible key; each tile begins a new one.
double blocks_touched(const RowShape& row, const Arithmetic& a) {
  if (a.mma_depth == 0 || a.tile <= 0) return row.count;
  const auto per_tile = static_cast<double>((a.tile + a.mma_depth - 1) / a.mma_depth);
  return std::min(row.count, tiles_touched(row, a) * per_tile);
}

/// Roundings that a term of a sum over the keys sees at most. The keys of a lane are told apart by
/// their index, not by how many of them are visible.
double key_path(const RowShape& row, const Arithmetic& a, std::int64_t lanes) {
  if (!a.relative_sums) return sum_path(a, row.count, 0, blocks_touched(row, a));
  if (lanes <= 0 || a.max_splits <= 0) return row.count;
  const auto splits = static_cast<double>(a.max_splits);
  return std::min(row.count, longest_path(row.span, lanes) + 1 + splits);
}

/// How often the shift may move past a key.
double rescale_cap(const RowShape& row, const Arithmetic& a) {
  return a.rescales ? tiles_touched(row, a) : 0;
}

}  // namespace

bool scores_may_overflow(const RowShape& row, const Arithmetic& a) {
  if (!std::isfinite(row.sum_abs_q + row.sum_abs_k)) return true;  // the bound itself would
  if (a.p_overflows) return true;
  const double scale = std::abs(row.scale);
  const double largest_t = std::max(row.max_abs_t, row.max_extra);
  // The sum may be of products that no scale has touched yet.
  const double factor = std::min(1.0, scale * std::min(1.0, row.operand_scale));
  const double unscaled = factor > 0 ? row.max_size / factor : row.sum_abs_q * row.sum_abs_k;
  // Or of q * scale.
  const double scaled_q = scale * row.sum_abs_q;
  if (!(std::max({unscaled, largest_t, scaled_q}) < a.largest / 4)) return true;
  if (a.score_largest > 0 && !(std::max(unscaled, largest_t) < a.score_largest / 4)) return true;
  return a.q_largest > 0 && !(row.sum_abs_q * std::max(1.0, scale) < a.q_largest / 4);
}

double dot_path(const RowShape& row, const Arithmetic& a) {
  const auto dim = static_cast<double>(row.head_dim_qk);
  const double blocks = a.mma_depth > 0 ? std::ceil(dim / static_cast<double>(a.mma_depth)) : dim;
  return sum_path(a, dim, a.dot_lanes, blocks);
}

ScoreConstants score_constants(const RowShape& row, const Arithmetic& a) {
  const auto dim = static_cast<double>(row.head_dim_qk);
  const double scale = std::abs(row.scale);
  const double each = kLaneRoundings + row.num_scales;
  ScoreConstants c;
  c.dot_any = gamma_of(dot_path(row, a) + each, a.product_u);
  if (a.relative_sums) {
    // dim - 1 additions, each of a partial sum of some of the terms, which is never larger than all
    // positive or all negative ones together: (S + |s|) / 2.
    c.dot_sum = gamma_of(dim, a.product_u) / 2;
    c.dot_terms = gamma_of(each + 1, a.product_u) + 2 * c.dot_sum * c.dot_any;
  }
  c.q = a.q_error;
  c.scale = gamma_of(kScaleRoundings + row.num_scales, a.u) + kStoredScores * a.score_error;
  c.floor =
      a.q_tiny * row.sum_abs_k * std::max(1.0, row.q_scale) +
      a.score_tiny * kStoredScores * (1 + std::max(1.0, scale) * std::max(1.0, row.operand_scale)) +
      a.tiny * (2 * dim * std::max(1.0, scale) * std::max(1.0, row.operand_scale) +
                (1 + scale) * (row.sum_abs_q + row.sum_abs_k));
  c.softcap = row.softcap;
  c.cap = kCapRoundings * (a.u + a.score_error);
  c.tanh = a.tanh_error * row.softcap;
  c.bias = row.has_extra ? kBiasRoundings * a.u + a.score_error : 0;
  c.last = (row.has_extra ? kBiasAdds * a.u : 0) + kStoredScores * a.score_error;
  return c;
}

double largest_score_error(const RowShape& row, const ScoreConstants& constants) {
  ScoreConstants steepest = constants;
  double error = steepest.dot_any * row.max_size;
  if (steepest.dot_sum > 0) {
    error = std::min(error, steepest.dot_sum * (row.max_size + row.max_abs_s) +
                                steepest.dot_terms * row.max_size);
  }
  error += steepest.q * row.max_size + steepest.floor;
  error += steepest.scale * (row.max_abs_s + error);
  if (steepest.softcap > 0) {
    error += steepest.cap * (row.max_abs_s + error);
    error += steepest.tanh + steepest.cap * (std::min(row.max_abs_s, steepest.softcap) + error);
  }
  if (row.has_extra || steepest.softcap > 0) {
    error += steepest.bias * row.max_extra + steepest.last * (row.max_abs_t + error);
  }
  return error;
}

double sink_error(const RowShape& row, const Arithmetic& a) {
  return row.has_sink ? (kSinkRoundings * a.u + a.score_error) * std::abs(row.sink) : 0;
}

KeyConstants key_constants(const RowShape& row, const Arithmetic& a, double max_delta,
                           double rescales) {
  KeyConstants c;
  c.arg = a.exp_arg_error;
  c.exp = a.exp_error;
  // All arguments of exp on the way of a key, added up: the shift rises from below t to the
  // maximum, lagging at either end.
  c.base = c.arg * (max_delta + 2 * a.lazy) + kShiftRoundings * a.u * magnitude_of(row, max_delta) +
           a.exp_error + (c.arg + a.u) * std::abs(a.p_shift);
  c.delta = 1 + c.arg;
  c.cap = std::min(rescale_cap(row, a), rescales);
  c.spare = a.rescales ? kSpareRescales : 0;
  c.product = a.u * (1 + 2 * (c.cap + c.spare) * a.u);
  const double own_lse = lse_error(row, a, max_delta);
  if (a.merge_levels > 0) {
    const double levels = a.merge_levels;
    const double one_exp = c.arg * (max_delta + 2 * a.lazy + log_count(row)) + a.exp_error;
    c.base += levels * (own_lse + one_exp);
    c.arg += levels * a.exp_arg_error;
    c.delta += levels * a.exp_arg_error;
    if (!a.merge_normalises) {
      c.common = own_lse + 2 * (one_exp + a.exp_arg_error * max_delta);
      c.common_arg = 2 * a.exp_arg_error;
      c.inner_merges = levels - 1;
    }
  }
  c.lse = own_lse;
  if (a.p_error > 0) {
    // The largest exponential is 1 up to the error of its score, their sum e^(lse - max t).
    c.p_floor = a.p_tiny;
    if (a.p_unnormalised) {
      c.p_floor *= functions::exp(std::min(row.max_t - row.lse + max_delta, kLargestExponent));
    }
    if (a.p_only_in_both) c.joint = a.p_error;
  }
  return c;
}

void KeySums::add(double key_spread, double key_loss, double key_below, double key_weight,
                  double key_rho, double key_common) {
  spread += key_spread;
  loss += key_loss;
  below += key_below;
  weight += key_weight;
  common += key_weight * key_common;
  max_rho = std::max(max_rho, key_rho);
  max_common = std::max(max_common, key_common);
}

KeyTerms<double> any_key_terms(double t, double p, double delta, double rank, const RowShape& row,
                               const KeyConstants& constants) {
  KeyTerms<double> key = key_terms(p, row.max_t - t, delta, rank, constants);
  if (key.rho < kLinear) return key;
  const double rescales = std::min(constants.cap, rank) + constants.spare;
  // e^(t - lse + rho) >= p (e^rho - 1), also where p itself underflows.
  key.spread = functions::exp(std::min(t - row.lse + key.rho, kLargestExponent));
  key.weight = p + key.spread;
  key.loss =
      key.weight * (gamma_of(rescales, constants.product) + constants.inner_merges * key.common);
  key.below = std::min(key.weight, constants.p_floor);
  if (constants.joint > 0) {
    key.spread += constants.joint * key.weight + key.below;
    key.below = 0;
  }
  return key;
}

void add_sink(const RowShape& row, const Arithmetic& a, const KeyConstants& constants,
              KeySums& sums) {
  if (!row.has_sink) return;
  KeyConstants plain = constants;
  plain.p_floor = plain.joint = 0;  // its weight is never rounded
  const double p = functions::exp(std::min(row.sink - row.lse, 0.0));
  const KeyTerms<double> key =
      any_key_terms(row.sink, p, sink_error(row, a), row.count, row, plain);
  sums.add(key.spread, key.loss, key.below, key.weight, key.rho, key.common);
  sums.sink_spread = key.spread;
}

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
