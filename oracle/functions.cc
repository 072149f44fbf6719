#include "oracle/functions.h"

#define ATTEST_SIMD_PORTABLE
#include "oracle/simd/math.h"

namespace attest::oracle::functions {
namespace {

namespace lanes = simd::portable;

double first_lane(lanes::F64x8 x) { return x.x[0]; }

}  // namespace

double exp(double x) { return first_lane(lanes::exp(lanes::splat(x))); }
double log(double x) { return lanes::log(x); }
double tanh(double x) { return first_lane(lanes::tanh(lanes::splat(x))); }

}  // namespace attest::oracle::functions
