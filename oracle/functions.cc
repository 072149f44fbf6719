#include "oracle/functions.h"

#include "oracle/simd/bound_pass.h"

namespace attest::oracle::functions {
namespace {

const simd::BoundEngine& engine() {
  static const simd::BoundEngine& chosen = simd::bound_engine(simd::engine());
  return chosen;
}

}  // namespace

double exp(double x) { return engine().exp(x); }
double log(double x) { return engine().log(x); }
double tanh(double x) { return engine().tanh(x); }

}  // namespace attest::oracle::functions
