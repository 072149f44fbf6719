// The bound pass on plain C++.
#define ATTEST_SIMD_PORTABLE
#include "oracle/simd/bound_pass_impl.h"

namespace attest::oracle::simd {

extern const BoundEngine kPortableBoundEngine;
const BoundEngine kPortableBoundEngine = {
    "portable",       portable::pack_bounds, portable::survey,
    portable::weigh,  portable::sum_lanes,   portable::finish,
    portable::exp_of, portable::log_of,      portable::tanh_of};

}  // namespace attest::oracle::simd
