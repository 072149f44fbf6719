// What a declared arithmetic does to the weight of one key: docs/numerics.md, sections 2 and 3. One
// template for the readable bounds (double) and for the fast ones (eight keys at a time), so that
// there is one place for each formula. Internal to oracle/.
//
// A vector type brings operators, smaller, larger, magnitude, mul_add, tanh and splat_like(V,
// double), found by argument-dependent lookup.
#pragma once

#include "oracle/scalar_lanes.h"

namespace attest::oracle {

/// Coefficients of the error of a score. Relative errors are per unit of what they multiply.
struct ScoreConstants {
  double dot_any = 0;    ///< of S = |scale| sum_d |q_d k_jd|, any order
  double dot_sum = 0;    ///< of (S + |s|) / 2: no partial sum is larger, whatever its order ...
  double dot_terms = 0;  ///< ... and of S, for what happens to each term; dot_sum 0: not used
  double q = 0;          ///< of S: q rounded after scaling
  double scale = 0;      ///< of |s|: scaling, storing
  double floor = 0;      ///< absolute
  double softcap = 0;    ///< the cap itself; 0: none
  double cap = 0;        ///< of |s| before and of the result after tanh
  double tanh = 0;       ///< absolute, tanh_error * softcap
  double bias = 0;       ///< of |ALiBi term| + |bias|
  double last = 0;       ///< of |t|, when something was added to or done after scaling
};

/// |computed t_j - t_j|.
template <typename V>
inline __attribute__((always_inline)) V score_error(V abs_s, V size, V extra_size, V abs_t,
                                                    const ScoreConstants& c, bool has_extra) {
  const auto k = [&](double x) { return splat_like(abs_s, x); };
  V error = k(c.dot_any) * size;
  if (c.dot_sum > 0) {
    error = smaller(mul_add(k(c.dot_sum), size + abs_s, k(c.dot_terms) * size), error);
  }
  error = mul_add(k(c.q), size, error + k(c.floor));
  error = mul_add(k(c.scale), abs_s + error, error);
  if (c.softcap > 0) {
    error = mul_add(k(c.cap), abs_s + error, error);
    // tanh is flat far from 0: between |s| - error and |s| + error its slope is largest at the end
    // nearest to 0.
    const V inner = tanh(larger(abs_s - error, k(0)) * k(1 / c.softcap));
    const V flat = larger(k(1) - inner * inner, k(0)) * error;
    // Made of exponentials, tanh errs by a share of 1, however small its result.
    error = flat + k(c.tanh) + k(c.cap) * (smaller(abs_s, k(c.softcap)) + flat);
  }
  if (has_extra || c.softcap > 0) {
    error = mul_add(k(c.bias), extra_size, mul_add(k(c.last), abs_t + error, error));
  }
  return error;
}

/// Coefficients of what happens to a weight, for all keys of a row.
struct KeyConstants {
  double base = 0;     ///< relative error that all keys share
  double arg = 0;      ///< per nat below the maximum
  double delta = 1;    ///< of the error of the score
  double exp = 0;      ///< per rescale
  double product = 0;  ///< the same for the sums: one rounding of the accumulator
  double cap = 0;      ///< rescales are at most the rank of the key, and at most this, ...
  double spare = 0;    ///< ... plus this
  double joint = 0;    ///< relative rounding that numerator and denominator share
  double p_floor = 0;  ///< absolute, where rounded probabilities underflow
  double common = 0, common_arg = 0;  ///< merges that do not normalise again
  double inner_merges = 0;
  double lse = 0;  ///< absolute, of one lse made from a maximum and a sum
};

/// What becomes of one key.
template <typename V>
struct KeyTerms {
  V rho;     ///< relative error of the weight, to first order
  V spread;  ///< acts on |v_j - o|: what numerator and denominator have in common
  V loss;    ///< acts on |v_j| and on |o|: what they have not
  V below;   ///< the same for underflow of rounded probabilities
  V weight;  ///< at most this
  V common;  ///< relative to weight
};

/// For keys with rho < 1/2. `way`: max t - t_j; `rank`: keys that may come out above this one.
template <typename V>
inline __attribute__((always_inline)) KeyTerms<V> key_terms(V p, V way, V delta, V rank,
                                                            const KeyConstants& c) {
  const auto k = [&](double x) { return splat_like(p, x); };
  KeyTerms<V> key;
  const V rescales = smaller(rank, k(c.cap)) + k(c.spare);
  key.rho =
      mul_add(k(c.exp), rescales, mul_add(k(c.delta), delta, mul_add(k(c.arg), way, k(c.base))));
  // e^x - 1 <= x + x^2 for x up to 1.79
  key.spread = p * mul_add(key.rho, key.rho, key.rho);
  key.weight = p + key.spread;
  key.common = mul_add(k(c.common_arg), way, k(c.common));
  key.loss = key.weight * mul_add(k(c.inner_merges), key.common, k(c.product) * rescales);
  key.below = c.p_floor > 0 ? smaller(k(c.p_floor), key.weight) : k(0);
  if (c.joint > 0) {  // whatever rounding does to a probability, it does above and below the line
    key.spread = key.spread + k(c.joint) * key.weight + key.below;
    key.below = k(0);
  }
  return key;
}

/// Coefficients of the variance of a weight's relative error.
struct DeviationConstants {
  double squares = 0;  ///< of scale^2 sum_d q_d^2 k_jd^2
  double score = 0;    ///< of s^2
  double arg = 0;      ///< of way^2
  double extra = 0;    ///< of extra_size^2
  double fixed = 0;
};

/// Variance of the relative error of one weight. `squares` = scale^2 sum_d q_d^2 k_jd^2.
template <typename V>
inline __attribute__((always_inline)) V weight_variance(V squares, V abs_s, V way, V extra_size,
                                                        const DeviationConstants& c) {
  const auto k = [&](double x) { return splat_like(abs_s, x); };
  return mul_add(k(c.squares), squares,
                 mul_add(k(c.score), abs_s * abs_s,
                         mul_add(k(c.arg), way * way,
                                 mul_add(k(c.extra), extra_size * extra_size, k(c.fixed)))));
}

}  // namespace attest::oracle
