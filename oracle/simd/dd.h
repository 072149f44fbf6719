// Double-double arithmetic, eight lanes at a time: a number is the unevaluated sum hi + lo with
// |lo| <= ulp(hi) / 2. Algorithms and bounds: Joldes, Muller, Popescu, "Tight and rigorous error
// bounds for basic building blocks of double-word arithmetic", ACM TOMS 44(2), 2017; their numbers
// are named at each function. Errors (errors.h) are relative and hold where nothing overflows or
// underflows.
#pragma once

#include "oracle/simd/errors.h"
#include "oracle/simd/vec.h"
#include "oracle/simd/vec_pair.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

/// V: F64x8, or F64x16 or F64x32 for several at once.
template <typename V>
struct DD {
  V hi, lo;
};
using DD8 = DD<F64x8>;
using DD16 = DD<F64x16>;

ATTEST_SIMD_INLINE DD8 splat_dd(double hi, double lo) { return {splat(hi), splat(lo)}; }

/// a + b exactly, for any a and b.
template <typename V>
ATTEST_SIMD_INLINE DD<V> two_sum(V a, V b) {
  const V s = a + b;
  const V b_seen = s - a;
  return {s, (a - (s - b_seen)) + (b - b_seen)};
}

/// a + b exactly, for |a| >= |b| or a = 0.
template <typename V>
ATTEST_SIMD_INLINE DD<V> fast_two_sum(V a, V b) {
  const V s = a + b;
  return {s, b - (s - a)};
}

/// a * b exactly.
template <typename V>
ATTEST_SIMD_INLINE DD<V> two_product(V a, V b) {
  const V p = a * b;
  return {p, fms(a, b, p)};
}

template <typename V>
ATTEST_SIMD_INLINE DD<V> negate(DD<V> a) {
  const V zero = splat_like(a.hi, -0.0);
  return {zero - a.hi, zero - a.lo};
}

/// Error: kDDAddDoubleError (their algorithm 4).
template <typename V>
ATTEST_SIMD_INLINE DD<V> add(DD<V> a, V b) {
  const DD<V> s = two_sum(a.hi, b);
  return fast_two_sum(s.hi, a.lo + s.lo);
}

/// Error: kDDAddError, also where the sum cancels (their algorithm 6).
template <typename V>
ATTEST_SIMD_INLINE DD<V> add(DD<V> a, DD<V> b) {
  const DD<V> s = two_sum(a.hi, b.hi);
  const DD<V> t = two_sum(a.lo, b.lo);
  const DD<V> v = fast_two_sum(s.hi, s.lo + t.hi);
  return fast_two_sum(v.hi, t.lo + v.lo);
}

template <typename V>
ATTEST_SIMD_INLINE DD<V> sub(DD<V> a, DD<V> b) {
  return add(a, negate(b));
}

/// Error: kDDMulDoubleError (their algorithm 9).
template <typename V>
ATTEST_SIMD_INLINE DD<V> mul(DD<V> a, V b) {
  const DD<V> p = two_product(a.hi, b);
  return fast_two_sum(p.hi, fma(a.lo, b, p.lo));
}

/// Error: kDDMulError (their algorithm 11).
template <typename V>
ATTEST_SIMD_INLINE DD<V> mul(DD<V> a, DD<V> b) {
  const DD<V> p = two_product(a.hi, b.hi);
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
