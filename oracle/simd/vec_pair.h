// Two vectors as one, or twice two. A function that is one long chain of operations keeps a core
// busy only when several of them are under way, and out-of-order execution does not look far enough
// ahead to find the next one by itself. Included by dd.h and math.h.
#pragma once

#include "oracle/simd/vec.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

template <typename V>
struct Two {
  V a, b;
};
using F64x16 = Two<F64x8>;
using F64x32 = Two<F64x16>;

/// The number `x` in every lane of a vector like the first argument.
ATTEST_SIMD_INLINE F64x8 splat_like(F64x8 /*like*/, double x) { return splat(x); }
template <typename V>
ATTEST_SIMD_INLINE Two<V> splat_like(Two<V> like, double x) {
  return {splat_like(like.a, x), splat_like(like.b, x)};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> operator+(Two<V> x, Two<V> y) {
  return {x.a + y.a, x.b + y.b};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> operator-(Two<V> x, Two<V> y) {
  return {x.a - y.a, x.b - y.b};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> operator*(Two<V> x, Two<V> y) {
  return {x.a * y.a, x.b * y.b};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> fma(Two<V> x, Two<V> y, Two<V> z) {
  return {fma(x.a, y.a, z.a), fma(x.b, y.b, z.b)};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> fms(Two<V> x, Two<V> y, Two<V> z) {
  return {fms(x.a, y.a, z.a), fms(x.b, y.b, z.b)};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> fnma(Two<V> x, Two<V> y, Two<V> z) {
  return {fnma(x.a, y.a, z.a), fnma(x.b, y.b, z.b)};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> larger(Two<V> x, Two<V> y) {
  return {larger(x.a, y.a), larger(x.b, y.b)};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> look_up(const double* table, Two<V> magic) {
  return {look_up(table, magic.a), look_up(table, magic.b)};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> look_up_high(const double* table, Two<V> magic) {
  return {look_up_high(table, magic.a), look_up_high(table, magic.b)};
}
template <typename V>
ATTEST_SIMD_INLINE Two<V> power_of_two_of_256ths(Two<V> magic) {
  return {power_of_two_of_256ths(magic.a), power_of_two_of_256ths(magic.b)};
}
template <typename V>
ATTEST_SIMD_INLINE auto less(Two<V> x, Two<V> y) {
  return Two<decltype(less(x.a, y.a))>{less(x.a, y.a), less(x.b, y.b)};
}
template <typename M, typename V>
ATTEST_SIMD_INLINE Two<V> select(Two<M> mask, Two<V> x, Two<V> y) {
  return {select(mask.a, x.a, y.a), select(mask.b, x.b, y.b)};
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
