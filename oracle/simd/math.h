// Elementary functions of doubles, eight lanes at a time: the same bits on every instruction set.
// The errors (errors.h) follow from the arguments beside the functions, and
// tests/oracle/simd_accuracy_test.cc measures them against MPFR. u = 2^-53, h = ln 2 / 32.
#pragma once

#include "oracle/simd/errors.h"
#include "oracle/simd/tables.h"
#include "oracle/simd/vec.h"
#include "oracle/simd/vec_pair.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.
template <int count, int from = 0, typename V>
ATTEST_SIMD_INLINE V polynomial_at(V x, const double (&c)[count]) {
  if constexpr (from == count - 1) {
    return splat_like(x, c[from]);
  } else {
    return fma(x, polynomial_at<count, from + 1>(x, c), splat_like(x, c[from]));
  }
}

/// e^x = scale * (1 + rest), |rest| < 0.022.
struct ExpParts {
  F64x8 scale;  ///< 2^(k/16) to nearest, for an integer k
  F64x8 rest;
  F64x8 magic;  ///< kMagic + k
};

/// With (e^r - 1 - r) / r^2 as a polynomial of r.
template <int count>
ATTEST_SIMD_INLINE ExpParts exp_parts(F64x8 x, const double (&polynomial)[count]) {
  const F64x8 magic = fma(x, splat(kInverseLn2Over16), splat(kMagic));
  const F64x8 k = magic - splat(kMagic);
  // x - k ln 2 / 16. The first difference is exact: k * kLn2Over16 is a double and either 0 or
  // within a factor of 2 of x. The second one rounds by at most u / 64, and |r| <= (1 + 2^-37) h.
  const F64x8 r = fnma(k, splat(kLn2Over16Low), fnma(k, splat(kLn2Over16), x));
  const F64x8 rest = fma(r * r, polynomial_at(r, polynomial), r);
  return {look_up_scaled(kScaledPower16, magic), rest, magic};
}

/// e^x for x <= 709.
/// Error: relative kExpError for x >= kExpUnderflow = -708.396..., and no such result is subnormal;
///        below that the result is 0, absolute error under 2^-1022. e^-0 = 1, e^-inf = 0.
///
/// In units of u: 1 for rounding the result, 0.74 for the table (largest entry of kPower16Lack),
/// and (0.016 for r, 0.27 for the polynomial, 0.016 + 0.001 for rounding rest and its terms) /
/// 0.978.
ATTEST_SIMD_INLINE F64x8 exp(F64x8 x) {
  // Lanes below hold anything, even NaN, until they are cleared at the end.
  const ExpParts e = exp_parts(x, kExpPolynomial);
  return select(less(x, splat(kExpUnderflow)), splat(0.0), fma(e.scale, e.rest, e.scale));
}

/// ln x for x in about [sqrt(1/2), sqrt(2)], plus e ln 2 for an integer e. Error: as log.
ATTEST_SIMD_INLINE F64x8 log_of_parts(F64x8 x, F64x8 e) {
  const F64x8 f = x - splat(1.0);
  const F64x8 s = f / (f + splat(2.0));
  const F64x8 z = s * s;
  // ln x = 2 artanh(s) = 2 s + s z p = f - (g - s (g + z p)) with g = f^2 / 2: what is subtracted
  // from f is small, and so are its errors.
  const F64x8 g = splat(0.5) * f * f;
  const F64x8 low = fma(s, fma(z, polynomial_at(z, kLogPolynomial), g), e * splat(kLn2[1]));
  return fma(e, splat(kLn2[0]), f - (g - low));
}

/// ln x for x in [2^-1022, 2^1024).
/// Error: relative kLogError, also near 1; ln 1 = 0.
///
/// In units of u, relative to |ln x|, where e = 0 (worst at x = sqrt(2)): 1 for rounding the
/// result, 0.25 for g, 0.3 for low (its s has 2, its sums 2, z p 6), 0.2 for g - low; the
/// polynomial has 0.04. Where not, |ln x| >= 0.346 and rounding f - (g - low) adds 1.
ATTEST_SIMD_INLINE F64x8 log(F64x8 x) {
  F64x8 e;
  const F64x8 fraction = split_exponent(x, e);
  return log_of_parts(fraction, e);
}

ATTEST_SIMD_INLINE double log(double x) {
  double lanes[8];
  store(lanes, log(splat(x)));
  return lanes[0];
}

/// tanh x; odd, and +-1 for large |x|, infinite x included.
/// Error: relative kTanhError, also near 0.
///
/// tanh |x| = -m / (2 + m) with m = e^(-2 |x|) - 1. In units of u, relative: 1 for the quotient, 1
/// for 2 + m, and m itself. For k = 0: m = rest, 1.04. For scale >= 1/2: |m| >= 0.0214, scale - 1
/// is exact, m has 1 for its own rounding and (0.048 for r, rest and its sum with the table's lack,
/// 0.017 for what that leaves out) / 0.0214 < 3. For scale < 1/2: |m| >= 0.49, scale - 1 has 1/2,
/// so m 2.2, which counts twice as 2 + m is near 1 too.
ATTEST_SIMD_INLINE F64x8 tanh(F64x8 x) {
  // From 20 on, e^-40 is lost beside 1.
  const F64x8 a = smaller(splat(20.0), magnitude(x));
  const ExpParts e = exp_parts(splat(-2.0) * a, kExpm1Polynomial);
  const F64x8 rest = e.rest + look_up(kPower16Lack, e.magic);
  const F64x8 m = fma(e.scale, rest, e.scale - splat(1.0));
  return with_sign_of(m / (splat(2.0) + m), x);
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
