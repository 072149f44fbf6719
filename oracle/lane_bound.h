// From the sums over the keys of one output lane to the bound of that lane. docs/numerics.md,
// section 3. Internal to oracle/.
#pragma once

#include "oracle/row_terms.h"

namespace attest::oracle {

/// Sums over the visible keys of one lane; w_j, spread_j ...: KeyTerms.
struct LaneSums {
  double around = 0;         ///< sum (spread_j + loss_j + below_j) |v_j - o|
  double size = 0;           ///< sum w_j |v_j|
  double low = 0, high = 0;  ///< smallest and largest v_j
  /// With ordered sums: largest minus smallest partial sum of p_j v_j in order of the keys, 0
  /// included. Infinite: not known.
  double range = 0;
};

/// |computed o_d - o_d| before rounding to the output type.
double lane_bound(const LaneSums& sums, double o, const RowShape& row, const KeySums& keys,
                  const LaneConstants& lane);

/// How much of the same the oracle's own evaluation in double may use up; it adds up in one chain.
/// `share`: its errors of weights are at most this share of the kernel's. `own`: its constants.
double lane_ball(const LaneSums& sums, double o, const KeySums& keys, const LaneConstants& lane,
                 double share, const LaneConstants& own);

}  // namespace attest::oracle
