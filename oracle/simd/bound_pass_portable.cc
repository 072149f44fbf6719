// The bound pass on plain C++.
#define ATTEST_SIMD_PORTABLE
#include "oracle/simd/bound_pass_impl.h"

namespace attest::oracle::simd {

extern const BoundEngine kPortableBoundEngine;
const BoundEngine kPortableBoundEngine = {"portable", portable::pack_bounds, portable::survey,
                                          portable::weigh, portable::sum_lanes};

}  // namespace attest::oracle::simd
