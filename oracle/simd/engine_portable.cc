// The engine on plain C++.
#define ATTEST_SIMD_PORTABLE
#include "oracle/simd/engine_impl.h"

namespace attest::oracle::simd {

extern const Engine kPortableEngine;
const Engine kPortableEngine = {"portable", portable::pack, portable::attend_double,
                                portable::attend_double_double};

}  // namespace attest::oracle::simd
