// The bound pass on AVX2 and FMA.
#define ATTEST_SIMD_AVX2
#include "oracle/simd/bound_pass_impl.h"

namespace attest::oracle::simd {

extern const BoundEngine kAvx2BoundEngine;
const BoundEngine kAvx2BoundEngine = {"avx2",       avx2::pack_bounds, avx2::survey,
                                      avx2::weigh,  avx2::sum_lanes,   avx2::finish,
                                      avx2::exp_of, avx2::log_of,      avx2::tanh_of};

}  // namespace attest::oracle::simd
