// How far the engine's own results may be from the truth, from norms alone: O(1) work per row and
// per output lane. Included by engine_impl.h. u = 2^-53; gamma(k) = k u / (1 - k u) bounds k
// roundings in a row, and is written 1.01 k u.
//
// Weights. Key j has t_j + d_j where t_j is meant, |d_j| <= rho_j, and the common shift of all keys
// cancels. With a weight's own relative error that is w_j (1 + alpha_j), |alpha_j| <= 1.04 rho_j as
// long as rho_j <= 1/16. Then, p the true weights over their sum and beta the errors of sums,
//
//   computed o - o = [sum p_j alpha_j (v_j - o) + sum p_j (1 + alpha_j)(beta_j v_j - beta' o)]
//                    / [1 + sum p_j (alpha_j + beta' + alpha_j beta')],
//
// and |v_j - o| <= 2 max|v|, |v_j|, |o| <= max|v|. So what counts is the mean of rho over p
// (`mean`), and rho where it is largest (`most`) only has to be small. Where it is not, weights
// still are a convex combination: |computed o - o| <= 2 max|v|, up to sums.
//
// Two means are cheap to know. Subtracting the maximum rounds by u (M - t_j), and
// sum p_j (M - t_j) = entropy(p) - ln sum e^(t_j - M) <= ln n. The error of `extra` is a share of
// extra_size, whose mean over p is summed along with the weights.
//
// Logarithms. ln sum w_j (1 + alpha_j) moves by at most -ln(1 - sum p_j |alpha_j|), and never by
// more than the largest error of an exponent.
#pragma once

#include "oracle/simd/dd_math.h"
#include "oracle/simd/engine.h"
#include "oracle/simd/math.h"

namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE {

inline constexpr double kU = 0x1p-53;
/// Above this nothing is evaluated: sums of such sizes may overflow on the way.
inline constexpr double kHuge = 0x1p990;

ATTEST_SIMD_INLINE double larger_of(double a, double b) { return a > b ? a : b; }
ATTEST_SIMD_INLINE double smaller_of(double a, double b) { return a < b ? a : b; }

/// The power of two in (x, 2x]; 2^-1022 for x below that. x < 2^1023.
ATTEST_SIMD_INLINE double power_above(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits = ((bits >> 52) + 1) << 52;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// At least ln x, for x >= 1.
ATTEST_SIMD_INLINE double log_above(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return 0.6932 * static_cast<double>(static_cast<std::int64_t>(bits >> 52) - 1022);
}

/// What the errors of eight rows depend on; one lane is one row.
struct RowFacts {
  double dim_qk = 0;
  double softcap = 0;
  F64x8 keys;            ///< how many it may see
  F64x8 log_keys;        ///< at least ln(keys + 2)
  F64x8 factor;          ///< |factor|
  F64x8 norm_q, norm_k;  ///< the latter the largest in its range
  F64x8 extra_most;      ///< the largest extra_size of a key it sees, 0 without extra
  F64x8 extra_mean;      ///< sum p_j extra_size_j
  F64x8 shift;           ///< |max_t|
};

/// rho, see above.
struct WeightError {
  F64x8 most, mean;
};

/// |q| |k| |factor|, at least any |s_j|.
ATTEST_SIMD_INLINE F64x8 score_size(const RowFacts& row) {
  return splat(1.01) * row.factor * (row.norm_q * row.norm_k);
}
ATTEST_SIMD_INLINE F64x8 capped_size(const RowFacts& row) {
  const F64x8 size = score_size(row);
  return row.softcap > 0 ? smaller(size, splat(row.softcap)) : size;
}

/// Errors of one tier, relative unless said otherwise.
struct Roundings {
  F64x8 score;       ///< of s_j, times score_size
  double floor = 0;  ///< of s_j, absolute, times 1 + |factor| dim_qk + softcap
  double cap = 0;    ///< of c tanh(s / c), times its size
  double extra = 0;  ///< of `extra`, times extra_size
  double add = 0;    ///< of one addition or subtraction of scores
  double exp = 0;
};

/// In double: a chain of dim_qk FMAs is off by gamma(dim_qk) |q| |k| (Cauchy-Schwarz over its
/// terms); `factor` by 2u, multiplying with it by u. c tanh(s / c): 1 / c and s (1 / c) round by 2u
/// of their argument, which is worth no more than 2u of the result because x tanh'(x) <= tanh(x);
/// then tanh, and u for multiplying with c.
ATTEST_SIMD_INLINE Roundings roundings_double(const RowFacts& row) {
  return {.score = splat(1.01 * (row.dim_qk + 3) * kU),
          .floor = 0x1p-1000,
          .cap = kTanhError + 4 * kU,
          .extra = kExtraError,
          .add = kU,
          .exp = kExpError};
}

/// In double-double, the dot product by multiply_anchored with 2^e = power_above(|q|)
/// power_above(|k_j|) <= 4 |q| |k_j|. The grid is g = 2^(e - 51). Each step leaves a rest of at
/// most g / 2, found exactly up to u g / 2 = 2^(e - 105), and the sum of rests, at most dim g / 2,
/// rounds dim times by u of itself: together (dim^2 + dim) 2^(e - 105). Partial sums stay below
/// 2^e (1 + dim 2^-52), so that the powers, taken of norms 2^-20 larger, keep them in one binade;
/// for subnormal grids the spacing does not change and only the floor counts. Products, sums and
/// quotients of double-doubles: dd.h, at most 16 u^2 each.
ATTEST_SIMD_INLINE Roundings roundings_double_double(const RowFacts& row) {
  const double dot = 1.01 * (row.dim_qk * row.dim_qk + row.dim_qk) * 4 * 0x1p-105;
  return {.score = splat(dot + kFactorErrorDD + 8 * kU * kU),
          .floor = 0x1p-1000,
          .cap = kDDTanhError + 40 * kU * kU,
          .extra = kExtraErrorDD,
          .add = 4 * kU * kU,
          .exp = kDDExpError};
}

ATTEST_SIMD_INLINE WeightError weight_error(const RowFacts& row, const Roundings& by) {
  const F64x8 size = capped_size(row);
  const F64x8 floor = splat(by.floor) * fma(row.factor, splat(row.dim_qk), splat(1 + row.softcap));
  F64x8 score = fma(by.score, score_size(row), floor);
  if (row.softcap > 0) score = fma(splat(by.cap), size, score);
  // Adding extra rounds by |t_j|, which is at most size and extra_size.
  const F64x8 no_extra = splat(0.0);
  score += select(less(no_extra, row.extra_most), splat(by.add) * size, no_extra);
  // Weights below the underflow of exp are lost: each 2^-1022 of a sum that is at least about 1.
  const F64x8 always = score + fma(row.keys, splat(0x1p-1020), splat(by.exp));
  const F64x8 extra = splat(by.extra + by.add), add = splat(by.add);
  return {.most = fma(extra, row.extra_most, fma(add, size + row.extra_most + row.shift, always)),
          .mean = fma(splat(1.15) * extra, row.extra_mean,
                      fma(splat(1.1) * add, row.log_keys + splat(1.0), always))};
}

/// Error of o in units of max|v|, before o is rounded. value_sum and weight_sum: relative errors of
/// the two sums.
ATTEST_SIMD_INLINE F64x8 output_error(const WeightError& weights, F64x8 value_sum,
                                      F64x8 weight_sum) {
  const F64x8 sums = value_sum + weight_sum;
  const F64x8 by_mean = fma(splat(2.1), weights.mean, splat(1.1) * sums) /
                        fnma(splat(1.12), weights.mean, fnma(splat(2.0), sums, splat(1.0)));
  return select(less(weights.most, splat(0.0625)), by_mean, fma(splat(3.0), sums, splat(2.5)));
}

/// Error of ln l, before it is rounded.
ATTEST_SIMD_INLINE F64x8 log_error(const WeightError& weights, F64x8 weight_sum) {
  const F64x8 moved = select(less(weights.most, splat(0.0625)), splat(1.12) * weights.mean,
                             splat(1.01) * weights.most);
  return fma(splat(1.01), weight_sum, moved);
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
