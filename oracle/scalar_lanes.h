// double as the vector type of one lane: the operations that templates over vectors use. tanh is
// the oracle's own, for bits that do not depend on the C library. Internal to oracle/.
#pragma once

#include <cmath>

#include "oracle/functions.h"

namespace attest::oracle {

inline double splat_like(double /*like*/, double x) { return x; }
inline double magnitude(double x) { return std::abs(x); }
inline double smaller(double x, double y) { return x < y ? x : y; }
inline double larger(double x, double y) { return x > y ? x : y; }
inline double mul_add(double a, double b, double c) { return a * b + c; }
inline double sqrt(double x) { return std::sqrt(x); }
/// a < b ? x : y
inline double choose_less(double a, double b, double x, double y) { return a < b ? x : y; }
inline double tanh(double x) { return functions::tanh(x); }

}  // namespace attest::oracle
