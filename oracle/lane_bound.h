// From the sums over the keys of an output lane to the bound of that lane: docs/numerics.md,
// sections 3 and 6. Templates over one lane (double) or eight, like key_terms.h. Internal to
// oracle/.
#pragma once

#include "oracle/row_terms.h"
#include "oracle/scalar_lanes.h"

namespace attest::oracle {

/// Sums over the visible keys; w_j, spread_j ...: KeyTerms.
template <typename V>
struct LaneSums {
  V around;     ///< sum (spread_j + loss_j + below_j) |v_j - o|
  V size;       ///< sum w_j |v_j|
  V low, high;  ///< no v_j is smaller or larger
  /// With ordered sums: largest minus smallest partial sum of p_j v_j in order of the keys, 0
  /// included. Infinite: not known.
  V range;
};

/// Sums over the visible keys, for the statistical bound.
template <typename V>
struct StatisticalSums {
  V error;  ///< sum p_j^2 variance_j (v_j - o)^2
  V tilt;   ///< sum p_j s_j (v_j - o): what a wrong scale would do
  V below;  ///< sum below_j |v_j - o|: underflow of probabilities is not random
};

/// Summation: the smallest of what holds for every order, what follows from no partial sum being
/// larger than all positive or all negative terms together, and what follows from the order of the
/// keys.
template <typename V>
inline __attribute__((always_inline)) V summation_error(const LaneSums<V>& sums, V size_o,
                                                        const LaneConstants& c) {
  const auto k = [&](double x) { return splat_like(size_o, x); };
  const V error = k(c.any_order) * sums.size;
  if (c.additions == 0) return error;
  const V drift = sums.around + k(c.drift_o) * size_o + k(c.drift) * sums.size;
  const V terms = k(c.terms) * sums.size;
  const V one_sign = k(c.additions) * (k(0.5) * (sums.size + size_o) + drift);
  // The first key is on all additions to the running sum. Each makes a difference of two prefix
  // sums plus part of the block that is being added.
  const V in_order = k(c.chain) * (sums.range + drift) + k(c.in_block + c.joins) * sums.size;
  const V summed = smaller(one_sign, in_order) + terms;
  return c.blended ? summed : smaller(summed, error);
}

/// |computed o_d - o_d| before rounding to the output type.
template <typename V>
inline __attribute__((always_inline)) V lane_bound(const LaneSums<V>& sums, V o, bool has_sink,
                                                   double sink_spread, const LaneConstants& c) {
  const auto k = [&](double x) { return splat_like(o, x); };
  const V infinite = k(__builtin_huge_val());
  const V size_o = magnitude(o);
  const V size_v = larger(magnitude(sums.low), magnitude(sums.high));
  const V low = has_sink ? smaller(sums.low, k(0)) : sums.low;
  const V high = has_sink ? larger(sums.high, k(0)) : sums.high;
  const V lerp = k(c.lerp) * (high - low);
  V bound = infinite;
  if (c.inverse < __builtin_huge_val()) {
    // (larger(1, ...): a product of the floors with small values would be subnormal, which is
    // slow.)
    const V numerator = sums.around + k(sink_spread) * size_o + summation_error(sums, size_o, c) +
                        k(c.rounded_p) * sums.size + k(c.on_o) * size_o +
                        k(c.floors) * larger(k(1), size_v + size_o) + k(c.floor);
    bound = numerator * k(c.inverse) + k(c.merges) * sums.size + k(c.merge_floor) + lerp;
    bound = bound + k(c.last + c.common) * (size_o + bound);
    bound = smaller(bound, infinite);  // NaN becomes infinite
  }
  // However wrong the scores, weights are not negative and add up to 1: o cannot leave the hull of
  // the values.
  if (c.hull_gain < __builtin_huge_val()) {
    const V hull = larger(high - o, o - low);
    bound = smaller(hull + lerp + k(c.hull_gain) * size_v + k(c.floor + c.merge_floor), bound);
  }
  return choose_less(size_v, k(c.largest), bound * k(kSafety), infinite);
}

/// How much of the same the oracle's own evaluation in double may use up; it adds up in one chain.
/// `share`: its errors of weights are at most this share of the kernel's. `own`: its constants.
template <typename V>
inline __attribute__((always_inline)) V lane_ball(const LaneSums<V>& sums, V o, double weight,
                                                  double sink_spread, const LaneConstants& c,
                                                  double share, const LaneConstants& own) {
  const auto k = [&](double x) { return splat_like(o, x); };
  if (!(c.inverse < __builtin_huge_val())) return k(__builtin_huge_val());
  const V size_o = magnitude(o);
  const V numerator = k(share) * (sums.around + k(sink_spread + c.on_o) * size_o) +
                      k(own.any_order) * (sums.size + k(weight) * size_o) +
                      k(own.floor) * (k(1) + size_o);
  const V ball = numerator * k(c.inverse);
  return (ball + k(own.last) * (size_o + ball)) * k(kSafety);
}

/// Coefficients of the statistical bound.
struct StatisticalConstants {
  double linear = 0;  ///< of |o|
  double o = 0;       ///< of o^2
  double merges = 0;  ///< of (sum w_j |v_j|)^2
  double tilt = 0;    ///< of |tilt|: not random, the same for all keys
  double cut = 0;     ///< of the smaller of size and range: cut sums all err towards zero
  double below = 0;   ///< of |o|: underflow of probabilities in the denominator
  double deviations = 0;
};

/// |computed o_d - o_d| before rounding to the output type; more deserves a second look.
template <typename V>
inline __attribute__((always_inline)) V statistical_bound(const StatisticalSums<V>& sums,
                                                          const LaneSums<V>& lane_sums, V o,
                                                          const StatisticalConstants& c,
                                                          const LaneConstants& lane) {
  const auto k = [&](double x) { return splat_like(o, x); };
  const V size_o = magnitude(o);
  const V size_v = larger(magnitude(lane_sums.low), magnitude(lane_sums.high));
  const V variance =
      sums.error + k(c.o) * (o * o) + k(c.merges) * (lane_sums.size * lane_sums.size);
  const V systematic = k(c.tilt) * magnitude(sums.tilt) +
                       k(c.cut) * smaller(lane_sums.range, lane_sums.size) + sums.below +
                       k(c.linear + c.below + lane.last + lane.common) * size_o +
                       k(lane.floors) * (size_o + size_v) + k(lane.floor + lane.merge_floor);
  return (systematic + k(c.deviations) * sqrt(variance)) * k(kSafety);
}

}  // namespace attest::oracle
