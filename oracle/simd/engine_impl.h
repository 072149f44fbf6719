// The engine of one instruction set. A translation unit defines ATTEST_SIMD_AVX512,
// ATTEST_SIMD_AVX2 or ATTEST_SIMD_PORTABLE, includes this and defines its Engine object.
#pragma once

#include "oracle/simd/engine.h"
#include "oracle/simd/pack.h"
#include "oracle/simd/tier_double.h"
#include "oracle/simd/tier_double_double.h"
#include "oracle/simd/vec.h"
