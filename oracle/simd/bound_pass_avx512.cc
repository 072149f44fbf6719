// The bound pass on AVX-512.
#define ATTEST_SIMD_AVX512
#include "oracle/simd/bound_pass_impl.h"

namespace attest::oracle::simd {

extern const BoundEngine kAvx512BoundEngine;
const BoundEngine kAvx512BoundEngine = {"avx512",       avx512::pack_bounds, avx512::survey,
                                        avx512::weigh,  avx512::sum_lanes,   avx512::finish,
                                        avx512::exp_of, avx512::log_of,      avx512::tanh_of};

}  // namespace attest::oracle::simd
