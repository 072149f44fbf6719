// The engine on AVX-512 (F, DQ, VL).
#define ATTEST_SIMD_AVX512
#include "oracle/simd/engine_impl.h"

namespace attest::oracle::simd {

extern const Engine kAvx512Engine;
const Engine kAvx512Engine = {"avx512", avx512::pack, avx512::attend_double,
                              avx512::attend_double_double};

}  // namespace attest::oracle::simd
