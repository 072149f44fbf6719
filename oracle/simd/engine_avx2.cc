// The engine on AVX2 and FMA.
#define ATTEST_SIMD_AVX2
#include "oracle/simd/engine_impl.h"

namespace attest::oracle::simd {

extern const Engine kAvx2Engine;
const Engine kAvx2Engine = {"avx2", avx2::pack, avx2::attend_double, avx2::attend_double_double};

}  // namespace attest::oracle::simd
