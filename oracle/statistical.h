// The statistical bound: what a lane errs by when roundings behave like independent random numbers
// of mean 0 (docs/numerics.md, section 6). Tighter than the proven bound by the square root of the
// number of roundings, and wrong for structured data, where equal terms round alike: it only ever
// raises suspicion. The formulas are in key_terms.h and lane_bound.h, the constants here. Internal
// to oracle/.
#pragma once

#include "oracle/lane_bound.h"

namespace attest::oracle {

DeviationConstants deviation_constants(const RowShape& row, const Arithmetic& a,
                                       const KeyConstants& keys);

StatisticalConstants statistical_constants(const RowShape& row, const Arithmetic& a,
                                           const KeyConstants& keys, const KeySums& sums);

}  // namespace attest::oracle
