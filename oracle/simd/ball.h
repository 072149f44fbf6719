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

/// What a row's errors depend on.
struct RowFacts {
  double keys = 0;    ///< how many it may see
  double dim_qk = 0;
  double factor = 0;  ///< |factor|
  double norm_q = 0, norm_k = 0;
  double softcap = 0;
  bool has_extra = false;
  double extra_most = 0;  ///< the largest extra_size of a key it sees
  double extra_mean = 0;  ///< sum p_j extra_size_j
  double shift = 0;       ///< |max_t|
};

/// rho, see above.
struct WeightError {
  double most = 0, mean = 0;
};

/// |q| |k| |factor|, at least any |s_j|.
ATTEST_SIMD_INLINE double score_size(const RowFacts& row) {
  return 1.01 * row.factor * row.norm_q * row.norm_k;
}
ATTEST_SIMD_INLINE double capped_size(const RowFacts& row) {
  const double size = score_size(row);
  return row.softcap > 0 ? smaller_of(size, row.softcap) : size;
}

/// Errors of one tier, relative unless said otherwise.
struct Roundings {
  double score = 0;          ///< of s_j, times score_size
  double score_floor = 0;    ///< of s_j, absolute
  double cap = 0;            ///< of c tanh(s / c), times its size
  double extra = 0;          ///< of `extra`, times extra_size
  double add = 0;            ///< of one addition or subtraction of scores
  double exp = 0;
};

/// In double: a chain of dim_qk FMAs is off by gamma(dim_qk) |q| |k| (Cauchy-Schwarz over its
/// terms); `factor` by 2u, multiplying with it by u. c tanh(s / c): 1 / c and s (1 / c) round by 2u
/// of their argument, which is worth no more than 2u of the result because x tanh'(x) <= tanh(x);
/// then tanh, and u for multiplying with c.
ATTEST_SIMD_INLINE Roundings roundings_double(const RowFacts& row) {
  return {.score = 1.01 * (row.dim_qk + 3) * kU,
          .score_floor = (row.factor * row.dim_qk + 1 + row.softcap) * 0x1p-1073,
          .cap = kTanhError + 4 * kU,
          .extra = kExtraError,
          .add = kU,
          .exp = kExpError};
}

/// In double-double, the dot product by multiply_anchored with 2^e = power_above(|q|)
/// power_above(|k_j|). The grid is g = 2^(e - 51). Each step leaves a rest of at most g / 2, found
/// exactly up to u g / 2 = 2^(e - 105), and the sum of rests, at most dim g / 2, rounds dim times
/// by u of itself: together (dim^2 + dim) 2^(e - 105). Partial sums stay below 2^e (1 + dim 2^-52),
/// so that the powers, taken of norms 2^-20 larger, keep them in one binade; for subnormal grids
/// the spacing does not change and only the floor counts. Products, sums and quotients of
/// double-doubles: dd.h, at most 16 u^2 each.
ATTEST_SIMD_INLINE Roundings roundings_double_double(const RowFacts& row) {
  const double size = larger_of(score_size(row), 0x1p-1000);
  const double anchors = power_above(row.norm_q * (1 + 0x1p-20)) * row.factor *
                         power_above(row.norm_k * (1 + 0x1p-20));
  const double dot = 1.01 * (row.dim_qk * row.dim_qk + row.dim_qk) * 0x1p-105;
  return {.score = dot * (anchors / size) + kFactorErrorDD + 8 * kU * kU,
          .score_floor = (row.factor * row.dim_qk + 1 + row.softcap) * 0x1p-1072,
          .cap = kDDTanhError + 40 * kU * kU,
          .extra = kExtraErrorDD,
          .add = 4 * kU * kU,
          .exp = kDDExpError};
}

ATTEST_SIMD_INLINE WeightError weight_error(const RowFacts& row, const Roundings& by) {
  const double size = capped_size(row);
  double score = by.score * score_size(row) + by.score_floor;
  if (row.softcap > 0) score += by.cap * size;
  const double extra = by.extra + by.add;
  if (row.has_extra) score += by.add * size;
  // Weights below the underflow of exp are lost: each 2^-1022 of a sum that is at least about 1.
  const double always = score + by.exp + row.keys * 0x1p-1020;
  WeightError error;
  error.most = always + extra * row.extra_most +
               by.add * (size + row.extra_most + row.shift);
  error.mean = always + 1.15 * extra * row.extra_mean + by.add * 1.1 * (log_above(row.keys + 2) + 1);
  return error;
}

/// Error of o in units of max|v|, before o is rounded. value_sum and weight_sum: relative errors of
/// the two sums.
ATTEST_SIMD_INLINE double output_error(const WeightError& weights, double value_sum,
                                       double weight_sum) {
  const double sums = value_sum + weight_sum;
  if (!(weights.most <= 0.0625)) return 2.5 + 3 * sums;
  return 1.01 * (2.08 * weights.mean + 1.07 * sums) / (1 - 1.12 * weights.mean - 2 * sums);
}

/// Error of ln l, before it is rounded.
ATTEST_SIMD_INLINE double log_error(const WeightError& weights, double weight_sum) {
  const double moved = weights.most <= 0.0625 ? 1.12 * weights.mean : 1.01 * weights.most;
  return moved + 1.01 * weight_sum;
}

}  // namespace attest::oracle::simd::ATTEST_SIMD_NAMESPACE
