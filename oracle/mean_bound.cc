#include "oracle/mean_bound.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "oracle/bound_terms.h"
#include "oracle/lanes.h"

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr double kShiftRoundings =
    2;  // exp2(s * c - fl(m * c)): the shift is rounded apart from the score
constexpr double kSumRoundings = 2;  // v or p scaled or normalised before the sum, once each
constexpr double kSpareRescales =
    2;  // a rescale to a shift that is not larger, such as merging parts at the end
constexpr double kMergeRoundings =
    4;  // one merge: weight times o, weight over their sum, storing o
constexpr double kLerpRoundings =
    4;  // a merge as a + (b - a) w: difference, w (two), product, all relative to b - a
constexpr double kLseRoundings =
    8;  // m to nats, log (relative, and absolute near 1), the sum, storing lse
constexpr double kNormRoundings = 3;  // reciprocal, product, storing o
constexpr double kFloorsPerKey =
    4;  // places where a term of an output sum may fall below the smallest normal
// The formulas are themselves evaluated in double, from values that are correct to their ball only.
constexpr double kSafety = 1.001;
// Denominators this close to 0 say nothing any more; then only the hull bounds the result.
constexpr double kSmallestDenominator = 0.05;
// What these formulas themselves lose when all values are subnormal doubles.
constexpr double kOwnUnderflow = 8 * std::numeric_limits<double>::denorm_min();
constexpr double kLargestExponent = 700;  // e^x stays finite

/// An upper bound of e^x - 1 that is cheap for the usual small x (x + x^2 holds up to 1.79).
double expm1_above(double x) {
  return x < 0.5 ? x * (1 + x) : std::expm1(std::min(x, kLargestExponent));
}

/// Numbers of a row that every key needs.
struct RowTerms {
  double count = 0;  ///< keys, and the sink
  double max_t = 0;
  double max_delta = 0;
  double magnitude = 0;  ///< no computed score is larger
  double log_count = 0;
  double lse_error = 0;  ///< of one lse made from m and l
  double rank_factor =
      0;  ///< keys with a probability of at least p / rank_factor may come out above p
};

/// Sums over keys.
struct KeySums {
  double spread = 0;  ///< sum p_j (e^rho_j - 1)
  double total = 0;   ///< relative error of the denominator's sum
  double common = 0;  ///< relative error that all lanes of a merge share
  double floors = 0;  ///< weight lost to underflow
  double max_rho = 0;
  double max_rounding = 0;
  double max_common = 0;
  double sink_spread = 0;
};

/// What all lanes of a row share.
struct LaneTerms {
  double inverse;    ///< 1 / what is left of the denominator; infinite: nothing is
  double last;       ///< relative error after the sums
  double lerp;       ///< relative to the width of the hull
  double hull_gain;  ///< relative to |v|, on top of the hull; infinite: the hull bounds nothing
  double floor;      ///< absolute
  double largest;    ///< values of this size may overflow the sums
};

/// One computation, as far as it does not depend on the lane.
struct Side {
  KeySums sums;
  LaneTerms lanes;
};

RowTerms row_terms(const Mean& mean, const MeanComputation& computation, double sink_delta) {
  const Arithmetic& a = *computation.arithmetic;
  RowTerms row;
  row.count = static_cast<double>(mean.t.size()) + (mean.has_sink ? 1 : 0);
  row.max_t = mean.has_sink ? mean.sink : -kInfinity;
  row.max_delta = sink_delta;
  double magnitude = mean.has_sink ? std::abs(mean.sink) : 0;
  for (std::size_t j = 0; j < mean.t.size(); ++j) {
    row.max_t = std::max(row.max_t, mean.t[j]);
    row.max_delta = std::max(row.max_delta, computation.delta[j]);
    magnitude = std::max(magnitude, std::abs(mean.t[j]));
  }
  row.magnitude = magnitude + row.max_delta;
  row.log_count = std::log(std::max(2.0, row.count));
  row.lse_error = kLseRoundings * a.u * (row.magnitude + row.log_count + 1);
  row.rank_factor = std::exp(std::min(2 * row.max_delta + a.lazy, kLargestExponent));
  return row;
}

struct KeyWeights {
  double spread;  ///< of |v_j - o|
  double sum;     ///< of |v_j|
};

KeyWeights add_key(double t, double p, double delta, const RowTerms& row, const Mean& mean,
                   const Arithmetic& a, KeySums& sums) {
  // Only keys with a larger computed score move the shift past this one, and no more than 1 / y
  // keys have a probability of at least y.
  double rescales = 0;
  if (a.rescales) {
    rescales = p > 0 ? std::min(row.count, row.rank_factor / p) : row.count;
    rescales += kSpareRescales;
  }
  // All arguments of exp on the way of this key, added up: the shift rises from below t to the
  // maximum.
  const double way = row.max_t - t + delta + row.max_delta + 2 * a.lazy;
  double rho = delta + a.exp_arg_error * way + kShiftRoundings * a.u * row.magnitude +
               (1 + rescales) * a.exp_error;
  double common = 0;
  if (a.merge_levels > 0) {
    const double one_exp = a.exp_arg_error * (way + row.log_count) + a.exp_error;
    rho += a.merge_levels * (row.lse_error + one_exp);
    common = row.lse_error + 2 * one_exp;
  }
  // e^(t - lse + rho) >= p (e^rho - 1), also where p itself underflows.
  const double spread =
      rho < 0.5 ? p * rho * (1 + rho) : std::exp(std::min(t - mean.lse + rho, kLargestExponent));
  const double weight = p + spread;

  double rounding =
      gamma_of(a.path * (row.count + 1) + rescales + kSumRoundings + mean.num_scales, a.u);
  if (a.merge_levels > 0) rounding += gamma_of(row.count + kMergeRoundings * a.merge_levels, a.u);
  rounding += a.p_error * (1 + rounding);
  const double below_p = std::min(weight, a.p_tiny);

  sums.spread += spread;
  sums.total += weight * rounding + below_p;
  sums.common += weight * common;
  sums.floors += 1 + rescales;
  sums.max_rho = std::max(sums.max_rho, rho);
  sums.max_rounding = std::max(sums.max_rounding, rounding);
  sums.max_common = std::max(sums.max_common, common);
  const double inner_merges = std::max(0, a.merge_levels - 1) * common;
  return {.spread = spread, .sum = weight * (rounding + inner_merges) + below_p};
}

double lse_bound(const RowTerms& row, const KeySums& sums, const Arithmetic& a) {
  const double relative = sums.spread + sums.total + sums.floors;
  double bound = relative < 1 ? -std::log1p(-relative) : kInfinity;
  // ln sum exp moves by no more than its largest argument does.
  const double roundings = sums.max_rounding + a.p_tiny * row.count + sums.floors;
  if (roundings < 1) bound = std::min(bound, sums.max_rho - std::log1p(-roundings));
  bound += (1 + a.merge_levels) * row.lse_error;
  return bound * kSafety;
}

/// Everything but the lanes: fills spread and sum [n] and the bound of lse.
Side weigh_keys(const Mean& mean, const MeanComputation& computation, std::vector<double>& spread,
                std::vector<double>& sum, double& lse) {
  const Arithmetic& a = *computation.arithmetic;
  const std::size_t n = mean.t.size();
  const double sink_delta =
      mean.has_sink ? mean.sink_error_roundoffs * a.u * std::abs(mean.sink) : 0;
  const RowTerms row = row_terms(mean, computation, sink_delta);
  Side side;
  KeySums& sums = side.sums;
  spread.resize(n);
  sum.resize(n);
  for (std::size_t j = 0; j < n; ++j) {
    const KeyWeights key = add_key(mean.t[j], mean.p[j], computation.delta[j], row, mean, a, sums);
    spread[j] = key.spread;
    sum[j] = key.sum;
  }
  if (mean.has_sink) {
    sums.sink_spread =
        add_key(mean.sink, std::exp(mean.sink - mean.lse), sink_delta, row, mean, a, sums).spread;
  }
  // How far weights may leave [0, 1] and what is lost of them: the shift lags, or its own rounding
  // moves them all. Of scores beyond 1 / u nothing is left then.
  const double shift_gain = std::exp(a.lazy + kShiftRoundings * a.u * row.magnitude);
  sums.floors = a.tiny > 0 ? a.tiny * (shift_gain * sums.floors + row.count) : 0;
  lse = lse_bound(row, sums, a);

  const double norm = (kNormRoundings + mean.num_scales) * a.u;
  const double denominator = 1 - sums.spread - sums.total - sums.floors;
  const bool useful = denominator > kSmallestDenominator && sums.common < 0.5;
  const double hull_rounding = sums.max_rounding + a.p_tiny * row.count + sums.floors;
  const double hull_gain = 2 * hull_rounding / (1 - hull_rounding) + norm +
                           expm1_above(a.merge_levels * sums.max_common);
  side.lanes = {
      .inverse = useful ? 1 / denominator : kInfinity,
      .last = norm + expm1_above(std::min(sums.common, 1.0)),
      .lerp = kLerpRoundings * a.u * a.merge_levels,
      .hull_gain = hull_rounding < 0.5 ? hull_gain : kInfinity,
      .floor = a.tiny * (kFloorsPerKey * row.count + 8) + kOwnUnderflow,
      .largest = a.largest / 4 / (row.count * shift_gain) * std::min(1.0, std::abs(mean.v_scale))};
  return side;
}

/// Sums over all keys for one lane, or for the lanes of a vector register: Real is double or Lanes.
template <typename Real>
struct LaneSums {
  Real around{};  ///< sum spread_j |v_j - o|
  Real size{};    ///< sum sum_j |v_j|
  Real low, high;
};

/// Several registers at a time: one alone would wait for its own additions.
template <typename Real, std::size_t kCount>
std::array<LaneSums<Real>, kCount> sum_lanes(const Mean& mean, const std::vector<double>& spreads,
                                             const std::vector<double>& sizes, std::size_t first) {
  const auto lanes = static_cast<std::size_t>(mean.head_dim_v);
  // NOLINTNEXTLINE(bugprone-sizeof-expression): Real may be a single double
  constexpr std::size_t kWidth = sizeof(Real) / sizeof(double);
  std::array<LaneSums<Real>, kCount> sums;
  std::array<Real, kCount> o;
  for (std::size_t i = 0; i < kCount; ++i) {
    o[i] = load<Real>(mean.o.data() + first + i * kWidth);
    sums[i].low = sums[i].high = load<Real>(mean.v.data() + first + i * kWidth);
  }
  const double* row = mean.v.data() + first;
  for (std::size_t j = 0; j < mean.t.size(); ++j, row += lanes) {
    const Real spread = Real{} + spreads[j];
    const Real size = Real{} + sizes[j];
    for (std::size_t i = 0; i < kCount; ++i) {
      const Real v = load<Real>(row + i * kWidth);
      sums[i].around += spread * magnitude(v - o[i]);
      sums[i].size += size * magnitude(v);
      sums[i].low = smaller(v, sums[i].low);
      sums[i].high = larger(v, sums[i].high);
    }
  }
  return sums;
}

double lane_bound(const LaneSums<double>& lane, double o, const Mean& mean, const Side& side) {
  const auto& [sums, terms] = side;
  const double size_o = std::abs(o);
  // (max(1, ...) below: a product of the floors with small values would be subnormal, which is
  // slow.)
  const double size_v = std::max(std::abs(lane.low), std::abs(lane.high));
  if (!(size_v < terms.largest)) return kInfinity;
  const double low = mean.has_sink ? std::min(lane.low, 0.0) : lane.low;
  const double high = mean.has_sink ? std::max(lane.high, 0.0) : lane.high;
  const double lerp = terms.lerp * (high - low);
  double bound = kInfinity;
  if (terms.inverse < kInfinity) {
    const double numerator = lane.around + sums.sink_spread * size_o + lane.size +
                             sums.total * size_o + sums.floors * std::max(1.0, size_v + size_o) +
                             terms.floor;
    bound = numerator * terms.inverse + lerp;
    bound += terms.last * (size_o + bound);
  }
  // However wrong the scores, weights are not negative and add up to 1: o cannot leave the hull of
  // the values.
  if (terms.hull_gain < kInfinity) {
    const double hull = std::max(high - o, o - low);
    bound = std::min(bound, hull + lerp + terms.hull_gain * size_v + terms.floor);
  }
  return bound * kSafety;
}

/// Calls finish(lane, sums) for every lane.
template <typename Finish>
void for_each_lane(const Mean& mean, const std::vector<double>& spread,
                   const std::vector<double>& sum, Finish finish) {
  const auto lanes = static_cast<std::size_t>(mean.head_dim_v);
  std::size_t d = 0;
  for (; d + 4 <= lanes; d += 4) {
    const auto registers = sum_lanes<Lanes, 2>(mean, spread, sum, d);
    for (std::size_t i = 0; i < 4; ++i) {
      const LaneSums<Lanes>& x = registers[i / 2];
      finish(d + i, LaneSums<double>{x.around[i % 2], x.size[i % 2], x.low[i % 2], x.high[i % 2]});
    }
  }
  for (; d < lanes; ++d) finish(d, sum_lanes<double, 1>(mean, spread, sum, d)[0]);
}

/// The smallest factor with part[j] <= factor * whole[j].
double share(const std::vector<double>& part, const std::vector<double>& whole) {
  double factor = 0;
  for (std::size_t j = 0; j < part.size(); ++j) {
    if (part[j] > factor * whole[j]) factor = whole[j] > 0 ? part[j] / whole[j] : kInfinity;
  }
  return factor;
}

}  // namespace

void mean_bound(const Mean& mean, const MeanComputation& computation, BoundScratch& scratch,
                RowBound& bound) {
  const Side side = weigh_keys(mean, computation, scratch.spread, scratch.sum, bound.lse);
  bound.o.assign(static_cast<std::size_t>(mean.head_dim_v), 0);
  if (mean.t.empty()) return;
  for_each_lane(mean, scratch.spread, scratch.sum,
                [&](std::size_t d, const LaneSums<double>& lane) {
                  bound.o[d] = lane_bound(lane, mean.o[d], mean, side);
                });
}

void mean_bounds(const Mean& mean, const MeanComputation& first, const MeanComputation& second,
                 BoundScratch& scratch, RowBound& bound_first, RowBound& bound_second) {
  const Side side_first = weigh_keys(mean, first, scratch.spread, scratch.sum, bound_first.lse);
  const Side side_second =
      weigh_keys(mean, second, scratch.second_spread, scratch.second_sum, bound_second.lse);
  bound_first.o.assign(static_cast<std::size_t>(mean.head_dim_v), 0);
  bound_second.o.assign(static_cast<std::size_t>(mean.head_dim_v), 0);
  if (mean.t.empty()) return;
  const double around = share(scratch.second_spread, scratch.spread);
  const double size = share(scratch.second_sum, scratch.sum);
  for_each_lane(mean, scratch.spread, scratch.sum,
                [&](std::size_t d, const LaneSums<double>& lane) {
                  bound_first.o[d] = lane_bound(lane, mean.o[d], mean, side_first);
                  const LaneSums<double> second_lane{lane.around > 0 ? around * lane.around : 0,
                                                     lane.size > 0 ? size * lane.size : 0, lane.low,
                                                     lane.high};
                  bound_second.o[d] = lane_bound(second_lane, mean.o[d], mean, side_second);
                });
}

}  // namespace attest::oracle
