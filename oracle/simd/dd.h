// Double-double arithmetic, eight lanes at a time: a number is the unevaluated sum hi + lo with
// |lo| <= ulp(hi) / 2. Algorithms and bounds: Joldes, Muller, Popescu, "Tight and rigorous error
// bounds for basic building blocks of double-word arithmetic", ACM TOMS 44(2), 2017; their numbers
// are named at each function. Errors (errors.h) are relative and hold where nothing overflows or
// underflows.
#pragma once

#include "oracle/simd/errors.h"
#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

struct DD8 {
  F64x8 hi, lo;
};

ATTEST_SIMD_INLINE DD8 splat_dd(double hi, double lo) { return {splat(hi), splat(lo)}; }

/// a + b exactly, for any a and b.
ATTEST_SIMD_INLINE DD8 two_sum(F64x8 a, F64x8 b) {
  const F64x8 s = a + b;
  const F64x8 b_seen = s - a;
  return {s, (a - (s - b_seen)) + (b - b_seen)};
}

/// a + b exactly, for |a| >= |b| or a = 0.
ATTEST_SIMD_INLINE DD8 fast_two_sum(F64x8 a, F64x8 b) {
  const F64x8 s = a + b;
  return {s, b - (s - a)};
}

/// a * b exactly.
ATTEST_SIMD_INLINE DD8 two_product(F64x8 a, F64x8 b) {
  const F64x8 p = a * b;
  return {p, fms(a, b, p)};
}

ATTEST_SIMD_INLINE DD8 negate(DD8 a) {
  const F64x8 zero = splat(-0.0);
  return {zero - a.hi, zero - a.lo};
}

/// Error: kDDAddDoubleError (their algorithm 4).
ATTEST_SIMD_INLINE DD8 add(DD8 a, F64x8 b) {
  const DD8 s = two_sum(a.hi, b);
  return fast_two_sum(s.hi, a.lo + s.lo);
}

/// Error: kDDAddError, also where the sum cancels (their algorithm 6).
ATTEST_SIMD_INLINE DD8 add(DD8 a, DD8 b) {
  const DD8 s = two_sum(a.hi, b.hi);
  const DD8 t = two_sum(a.lo, b.lo);
  const DD8 v = fast_two_sum(s.hi, s.lo + t.hi);
  return fast_two_sum(v.hi, t.lo + v.lo);
}

ATTEST_SIMD_INLINE DD8 sub(DD8 a, DD8 b) { return add(a, negate(b)); }

/// Error: kDDMulDoubleError (their algorithm 9).
ATTEST_SIMD_INLINE DD8 mul(DD8 a, F64x8 b) {
  const DD8 p = two_product(a.hi, b);
  return fast_two_sum(p.hi, fma(a.lo, b, p.lo));
}

/// Error: kDDMulError (their algorithm 11).
ATTEST_SIMD_INLINE DD8 mul(DD8 a, DD8 b) {
  const DD8 p = two_product(a.hi, b.hi);
  return fast_two_sum(p.hi, p.lo + fma(a.lo, b.hi, a.hi * b.lo));
}

/// Error: kDDDivError (their algorithm 17, its product by algorithm 9 instead of 7).
ATTEST_SIMD_INLINE DD8 div(DD8 a, DD8 b) {
  const F64x8 quotient = a.hi / b.hi;
  const DD8 r = mul(b, quotient);
  const F64x8 rest = (a.hi - r.hi) + (a.lo - r.lo);
  return fast_two_sum(quotient, rest / b.hi);
}

/// -a where a is negative, a elsewhere.
ATTEST_SIMD_INLINE DD8 magnitude(DD8 a) {
  const Mask8 negative = less(a.hi, splat(0.0));
  const DD8 minus = negate(a);
  return {magnitude(a.hi), select(negative, minus.lo, a.lo)};
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
