#include "oracle/lane_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Summation: the smallest of what holds for every order, what follows from no partial sum being
/// larger than all positive or all negative terms together, and what follows from the order of the
/// keys.
double summation(const LaneSums& sums, double size_o, const LaneConstants& lane) {
  double error = lane.any_order * sums.size;
  if (lane.additions == 0) return error;
  const double drift = sums.around + lane.drift_o * size_o + lane.drift * sums.size;
  const double terms = lane.terms * sums.size;
  const double one_sign = (sums.size + size_o) / 2;
  error = std::min(error, lane.additions * (one_sign + drift) + terms);
  // The first key is on all additions to the running sum. Each makes a difference of two prefix
  // sums plus part of the block that is being added.
  const double in_order = lane.chain * (sums.range + drift) + lane.in_block * sums.size;
  return std::min(error, in_order + lane.joins * sums.size + terms);
}

}  // namespace

double lane_bound(const LaneSums& sums, double o, const RowShape& row, const KeySums& keys,
                  const LaneConstants& lane) {
  // (max(1, ...) below: a product of the floors with small values would be subnormal, which is
  // slow.)
  const double size_o = std::abs(o);
  const double size_v = std::max(std::abs(sums.low), std::abs(sums.high));
  if (!(size_v < lane.largest)) return kInfinity;
  const double low = row.has_sink ? std::min(sums.low, 0.0) : sums.low;
  const double high = row.has_sink ? std::max(sums.high, 0.0) : sums.high;
  const double lerp = lane.lerp * (high - low);
  double bound = kInfinity;
  if (lane.inverse < kInfinity) {
    const double numerator = sums.around + keys.sink_spread * size_o +
                             summation(sums, size_o, lane) + lane.rounded_p * sums.size +
                             lane.on_o * size_o + lane.floors * std::max(1.0, size_v + size_o) +
                             lane.floor;
    bound = numerator * lane.inverse + lane.merges * sums.size + lane.merge_floor + lerp;
    bound += lane.last * (size_o + bound) + lane.common * (size_o + bound);
    if (!(bound < kInfinity)) bound = kInfinity;
  }
  // However wrong the scores, weights are not negative and add up to 1: o cannot leave the hull of
  // the values.
  if (lane.hull_gain < kInfinity) {
    const double hull = std::max(high - o, o - low);
    bound = std::min(bound, hull + lerp + lane.hull_gain * size_v + lane.floor + lane.merge_floor);
  }
  return bound * kSafety;
}

double lane_ball(const LaneSums& sums, double o, const KeySums& keys, const LaneConstants& lane,
                 double share, const LaneConstants& own) {
  if (!(lane.inverse < kInfinity)) return kInfinity;
  const double size_o = std::abs(o);
  const double numerator = share * (sums.around + (keys.sink_spread + lane.on_o) * size_o) +
                           own.any_order * (sums.size + keys.weight * size_o) +
                           own.floor * (1 + size_o);
  const double ball = numerator * lane.inverse;
  return (ball + own.last * (size_o + ball)) * kSafety;
}

}  // namespace attest::oracle
