// Elementary functions of double-doubles, eight lanes at a time: the same bits on every instruction
// set. Arguments are normalised. The errors (errors.h) follow from the arguments beside the
// functions, and tests/oracle/simd_accuracy_test.cc measures them against MPFR. u = 2^-53.
#pragma once

#include "oracle/simd/dd.h"
#include "oracle/simd/errors.h"
#include "oracle/simd/math.h"
#include "oracle/simd/tables.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// e^x = power * scale * (1 + rest).
template <typename V>
struct DDExpParts {
  DD<V> power;  ///< in [1, 2), |power.lo| < 2^-51
  DD<V> rest;   ///< |rest| < 2^-9.5, |rest.lo| < 2^-61
  V scale;      ///< 2^n
};

/// Errors, absolute:
/// - the exponent x - k ln 2 / 256 - h - l: 2 u^2 |x|, and at most 2^-96 for |x| < 1024, for
///   rounding x.lo - k kLn2Over256[2], and for fast_two_sum where `second` is the smaller one;
///   relative to x where k = 0: nothing. The rest is under 2^-113.
/// - rest: 2^-107.2 h'^9 for the tail polynomial, 2^-107.5 h'^5 and 2^-108 h'^4 for rounding it,
///   h' = h / 2^-9.53, and 2^-105 h for the sums in its low part;
/// - power: 2^-106 for the tables, 2^-104 for the sums in its low part, 2^-107 for the product of
///   the tables' low parts; together 2^-103.5, and nothing where k = 0.
template <typename V>
ATTEST_SIMD_INLINE DDExpParts<V> exp_parts(DD<V> x) {
  const auto number = [&](double c) { return splat_like(x.hi, c); };
  // The bias makes scale two shifts of the bits of magic.
  const V bias = number(kMagic + 256 * 1023);
  const V magic = fma(x.hi, number(kInverseLn2Over256), bias);
  const V k = magic - bias;

  // x - k ln 2 / 256 = h + l. The first difference is exact (both sides within a factor of 2), so
  // is k * kLn2Over256[1], and then what rounding the second one leaves.
  const V first = fnma(k, number(kLn2Over256[0]), x.hi);
  const V second = fnma(k, number(kLn2Over256[1]), first);
  const V left = fnma(k, number(kLn2Over256[1]), first - second);
  const DD<V> r = fast_two_sum(second, fnma(k, number(kLn2Over256[2]), x.lo));
  const V h = r.hi;
  const V l = r.lo + left;

  // e^h - 1 - h = h^2 (1/2 + h (1/6 + h (1/24 + tail))): each bracket as a double-double
  // whose low part is summed as it comes.
  const V tail = h * polynomial_at(h, kExpTailPolynomial);
  const DD<V> fourth = fast_two_sum(number(kTwentyFourth[0]), tail);
  const V fourth_low = fourth.lo + number(kTwentyFourth[1]);
  const DD<V> product3 = two_product(h, fourth.hi);
  const DD<V> third = fast_two_sum(number(kSixth[0]), product3.hi);
  const V third_low = third.lo + (fma(h, fourth_low, product3.lo) + number(kSixth[1]));
  const DD<V> product2 = two_product(h, third.hi);
  const DD<V> second_term = fast_two_sum(number(0.5), product2.hi);
  const V second_low = second_term.lo + fma(h, third_low, product2.lo);
  const DD<V> square = two_product(h, h);
  const DD<V> product1 = two_product(square.hi, second_term.hi);
  const V product1_low = fma(square.lo, second_term.hi, fma(square.hi, second_low, product1.lo));
  const DD<V> sum = fast_two_sum(h, product1.hi);
  // e^(h + l) - 1 = e^h - 1 + l e^h up to l^2.
  const V rest_low = (sum.lo + product1_low) + fma(l, sum.hi, l);

  const V coarse = look_up_high(kPower16, magic);
  const V fine = look_up(kPower256, magic);
  const DD<V> power = two_product(coarse, fine);
  const V power_low = fma(look_up_high(kPower16Low, magic), fine,
                          fma(coarse, look_up(kPower256Low, magic), power.lo));
  return {{power.hi, power_low}, {sum.hi, rest_low}, power_of_two_of_256ths(magic)};
}

/// a * b, with a low part that is summed as it comes.
template <typename V>
ATTEST_SIMD_INLINE DD<V> loose_product(DD<V> a, DD<V> b) {
  const DD<V> p = two_product(a.hi, b.hi);
  return {p.hi, fma(a.lo, b.hi, fma(a.hi, b.lo, p.lo))};
}

/// e^x for x <= 709.
/// Error: relative kDDExpError plus absolute 2^-1074 for x >= kExpUnderflow; below that the result
///        is 0, absolute error under 2^-1022. e^0 = 1 exactly, e^-inf = 0.
///
/// 2^-96 for the exponent, 2^-103.5 each for power and for the sums here, 2^-106 for rest.
template <typename V>
ATTEST_SIMD_INLINE DD<V> exp(DD<V> x) {
  const auto number = [&](double c) { return splat_like(x.hi, c); };
  const DDExpParts<V> e = exp_parts(x);
  const DD<V> product = loose_product(e.power, e.rest);
  const DD<V> sum = fast_two_sum(e.power.hi, product.hi);
  const DD<V> y = fast_two_sum(sum.hi, sum.lo + (e.power.lo + product.lo));
  const auto under = less(x.hi, number(kExpUnderflow));
  return {select(under, number(0.0), y.hi * e.scale), select(under, number(0.0), y.lo * e.scale)};
}

/// e^x - 1 for |x| <= 100.
/// Error: relative kDDExpm1Error, also near 0.
///
/// k = 0: 2^-96.3 for rest, 2^-104 for the last sum. Elsewhere |e^x - 1| >= 2^-9.53 max(1, e^x),
/// and so 2^-94 for power, 2^-96.4 for rest, 2^-95.5 for the sums, 2^-97 for the exponent.
ATTEST_SIMD_INLINE DD8 expm1(DD8 x) {
  const DDExpParts<F64x8> e = exp_parts(x);
  const DD8 power = {e.power.hi * e.scale, e.power.lo * e.scale};
  const DD8 product = loose_product(power, e.rest);
  // power.hi - 1 is exact from 1/2 to 2 and 0 where k = 0; elsewhere it is larger than the product.
  const DD8 minus_one = two_sum(power.hi, splat(-1.0));
  const DD8 sum = fast_two_sum(minus_one.hi, product.hi);
  return fast_two_sum(sum.hi, sum.lo + ((minus_one.lo + power.lo) + product.lo));
}

/// ln x for x in [2^-900, 2^1000].
/// Error: relative kDDLogError, also near 1; ln 1 = 0.
///
/// w has the error of m - 1 and of m (e^-y - 1), each about as large as ln m, at most 1.2 times:
/// 1.2 * kDDExpm1Error + 9 u^2. Left out of ln(1 + w): w^3 / 3, less than u^2 w. Where e is not 0,
/// |ln x| >= 0.346 and half of |e ln 2|; the sums and kLn2 add at most 12 u^2.
ATTEST_SIMD_INLINE DD8 log(DD8 x) {
  F64x8 e;
  DD8 m;
  m.hi = split_exponent(x.hi, e);
  m.lo = x.lo * power_of_two(splat(kMagic) - e);
  // One Newton step from the double logarithm: ln m = y + ln(1 + w), w = m e^-y - 1, where w is
  // made of m - 1 and m (e^-y - 1) to keep its relative accuracy near 1.
  const F64x8 y = log_of_parts(m.hi, splat(0.0));
  const DD8 less_one = expm1(DD8{splat(-0.0) - y, splat(0.0)});
  const DD8 w = add(add(m, splat(-1.0)), mul(m, less_one));
  const DD8 near_one = add(DD8{w.hi, fma(splat(-0.5) * w.hi, w.hi, w.lo)}, y);
  const DD8 product = two_product(e, splat(kLn2[1]));
  const DD8 of_power = {product.hi, fma(e, splat(kLn2[2]), product.lo)};
  return add(add(of_power, e * splat(kLn2[0])), near_one);
}

/// tanh x for finite x; odd, +-1 for large |x|.
/// Error: relative kDDTanhError, also near 0.
///
/// tanh |x| = -m / (2 + m) with m = e^(-2 |x|) - 1: at most twice kDDExpm1Error for m, as 2 + m is
/// at least |m|, and 18 u^2 for the sum and the quotient. From 40 on, e^-80 < 2^-115 is left out.
ATTEST_SIMD_INLINE DD8 tanh(DD8 x) {
  const DD8 a = magnitude(x);
  const Mask8 large = less(splat(40.0), a.hi);
  const DD8 twice = {splat(-2.0) * smaller(splat(40.0), a.hi),
                     splat(-2.0) * select(large, splat(0.0), a.lo)};
  const DD8 m = expm1(twice);
  const DD8 y = div(negate(m), add(m, splat(2.0)));
  const Mask8 negative = less(x.hi, splat(0.0));
  const DD8 minus = negate(y);
  return {with_sign_of(y.hi, x.hi), select(negative, minus.lo, y.lo)};
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
