#include "oracle/arithmetic.h"

#include <limits>

namespace attest::oracle {

Arithmetic arithmetic_of(const problem::Numerics& numerics, problem::DType q_dtype,
                         int extra_merge_levels) {
  using problem::Accumulator;
  const problem::DType type = numerics.accumulate;
  Arithmetic a;
  a.u = problem::unit_roundoff(type);
  // Cutting loses up to a whole unit in the last place, rounding half of one.
  if (numerics.accumulator != Accumulator::kRoundToNearest) a.u *= 2;
  // Aligned to the largest term, every product of a block and the running sum lose up to one unit
  // of the block's largest exponent, and the sum is cut once more.
  if (numerics.accumulator == Accumulator::kAlignedTruncating) a.path = 2;
  a.exp_error = numerics.exp_ulp * a.u;
  a.exp_arg_error = (numerics.exp_arg_ulp + 1) * a.u;
  a.tanh_error = numerics.tanh_ulp * a.u;
  a.lazy = numerics.lazy_rescale;
  a.merge_levels = numerics.merge_levels + extra_merge_levels;

  const double p_unit = problem::unit_roundoff(numerics.p_dtype);
  if (p_unit > problem::unit_roundoff(type)) {
    a.p_error = p_unit;
    a.p_tiny = problem::smallest_subnormal(numerics.p_dtype) / 2;
  }
  if (numerics.q_prescaled) {
    a.q_error = problem::unit_roundoff(q_dtype);
    a.q_tiny = problem::smallest_subnormal(q_dtype) / 2;
    a.q_largest = problem::largest_finite(q_dtype);
  }
  a.tiny = problem::smallest_normal(type);
  a.largest = problem::largest_finite(type);
  return a;
}

namespace {

// The GNU C library manual ("Errors in Math Functions", x86_64) knows exp, log <= 1 ulp, tanh <= 2
// ulp for double and expl <= 2, logl <= 2, tanhl <= 4 ulp for long double; one ulp is at most 2 u.
// Doubled again for other libraries.
constexpr double kLibmExpRoundoffs = 8;
constexpr double kLibmTanhRoundoffs = 16;

Arithmetic two_pass(double u, double tiny) {
  Arithmetic a;
  a.u = u;
  a.exp_error = kLibmExpRoundoffs * u;
  a.exp_arg_error = u;
  a.tanh_error = kLibmTanhRoundoffs * u;
  a.rescales = false;
  a.tiny = tiny;
  a.largest = std::numeric_limits<double>::max();
  return a;
}

}  // namespace

template <>
Arithmetic reference_arithmetic<double>() {
  return two_pass(0x1p-53, std::numeric_limits<double>::min());
}

template <>
Arithmetic reference_arithmetic<long double>() {
  static_assert(std::numeric_limits<long double>::digits == 64,
                "f64 kernels are judged in 80-bit extended precision");
  // Its underflow, below 2^-16000, is nothing beside that of the f64 kernels it judges (2^-1022).
  return two_pass(0x1p-64, 0);
}

}  // namespace attest::oracle
