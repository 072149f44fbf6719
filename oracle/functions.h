// exp, log and tanh of the oracle: the same bits on every machine, unlike those of the C library.
// Internal to oracle/.
#pragma once

namespace attest::oracle::functions {

/// Relative error at most 2^-51 in [-708, 709]; 0 below, infinity above.
double exp(double x);
/// Of a positive normal number.
double log(double x);
double tanh(double x);

}  // namespace attest::oracle::functions
