// The statistical bound: what a lane errs by when roundings behave like independent random numbers
// of mean 0 (docs/numerics.md, section 6). Tighter than the proven bound by the square root of the
// number of roundings, and wrong for structured data, where equal terms round alike: it only ever
// raises suspicion. Internal to oracle/.
#pragma once

#include "oracle/lane_bound.h"

namespace attest::oracle {

DeviationConstants deviation_constants(const RowShape& row, const Arithmetic& a,
                                       const KeyConstants& keys);

/// Sums over the visible keys of one lane.
struct StatisticalSums {
  double error = 0;   ///< sum p_j^2 variance_j (v_j - o)^2
  double square = 0;  ///< sum p_j^2 v_j^2
  double tilt = 0;    ///< sum p_j s_j (v_j - o): what a wrong scale would do
  double below = 0;   ///< sum below_j |v_j - o|: underflow of probabilities is not random
};

/// |computed o_d - o_d| before rounding to the output type; more deserves a second look.
double statistical_bound(const StatisticalSums& sums, const LaneSums& lane_sums, double o,
                         const RowShape& row, const Arithmetic& a, const KeyConstants& constants,
                         const KeySums& keys, const LaneConstants& lane);

}  // namespace attest::oracle
