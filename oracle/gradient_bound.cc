#include "oracle/gradient_bound.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "oracle/bound_terms.h"
#include "oracle/functions.h"
#include "oracle/key_terms.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

// Counts of roundings on paths that no declaration describes, beside those of the scores
// (row_counts.h). Each is the largest of the implementations known.
constexpr double kSavedRoundings = 4;     // lse stored, log2(e) a constant, the product, one spare
constexpr double kNormRoundings = 2;      // P as e^(t - m) times a reciprocal
constexpr double kLaneRoundings = 1;      // dO or v scaled before the product
constexpr double kDeltaRoundings = 2;     // o dequantised, D stored
constexpr double kCombineRoundings = 3;   // dP - D + dLSE in any order, both perhaps scaled
constexpr double kProductRoundings = 2;   // P * X, times a constant
constexpr double kCapSlopeRoundings = 6;  // tanh as t / softcap (two, doubled), square, difference
// The library's exp is 0 below -708: another 2^-1022 lost.
constexpr double kOwnTiny = 0x1p-1020;
constexpr double kOwnUnderflow = 8 * kSmallestDouble;
constexpr double kLargestExponent = 700;  // e^x stays finite
constexpr double kLinear = 0.5;

/// Relative error of a sum of `terms` products, each rounded `each` times besides, that one matrix
/// unit adds up in one go.
double dot_error(double terms, double each, const Arithmetic& a) {
  const double blocks =
      a.mma_depth > 0 ? std::ceil(terms / static_cast<double>(a.mma_depth)) : terms;
  return gamma_of(sum_path(a, terms, 0, blocks) + each, a.product_u);
}

/// Bound on |p' - p| where p' = p e^r, |r| <= rho, from either of the two; p = e^exponent.
double weight_error(double p, double exponent, double rho) {
  if (rho < kLinear) return p * rho * (1 + rho);  // e^x - 1 <= x + x^2 up to 1.79
  // Also where p itself underflows.
  return rho < kInfinity ? functions::exp(std::min(exponent + rho, kLargestExponent)) : kInfinity;
}

/// Error of the exponent of a weight e^(t - lse) made with a saved lse, exp's own included.
double exponent_error(const GradientRow& row, const SavedError& saved, const Arithmetic& a,
                      double t, double delta) {
  const double argument = std::abs(t - row.shape.lse) + delta + saved.lse;
  return delta + saved.lse + a.exp_arg_error * argument +
         kSavedRoundings * a.u * (std::abs(row.shape.lse) + saved.lse) +
         gamma_of(1, a.exp_error + kNormRoundings * a.u);
}

/// Rounding a number of magnitude `size` to the type of P, in which `fold` may stand for 1.
double p_rounding(double size, double fold, const Arithmetic& a) {
  if (a.p_error == 0) return 0;
  return a.p_error * size + std::min(size, a.p_tiny * fold);
}

/// True when dP or D may overflow: then nothing can be said about anything but P.
bool delta_may_overflow(const GradientRow& row, const SavedError& saved, const Arithmetic& a) {
  const double gain = row.gain * std::max(1.0, std::abs(row.shape.scale));
  double largest = std::max(row.abs_sum_o + saved.sum_o, std::abs(row.d_lse)) * gain;
  if (std::isnan(row.sum_o)) return true;
  for (const double size : row.abs_d_p) largest = std::max(largest, size * gain);
  if (!(largest < a.largest / 4)) return true;
  return a.score_largest > 0 && !(largest < a.score_largest / 4);
}

/// Errors of P, dP and of tanh, key by key.
void key_errors(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                GradientRowError& error) {
  const RowShape& shape = row.shape;
  const ScoreConstants scores = score_constants(shape, a);
  const auto lanes = static_cast<double>(row.head_dim_v);
  const double dot = dot_error(lanes, kLaneRoundings + shape.num_scales, a);
  const double floor =
      a.tiny * (2 * lanes * row.gain + row.sum_abs_do + row.sum_abs_v) + a.score_tiny;
  for (std::size_t j = 0; j < row.t.size(); ++j) {
    const double abs_s = std::abs(row.s[j]);
    const double delta = score_error<double>(abs_s, row.abs_s[j], row.extra[j], std::abs(row.t[j]),
                                             scores, shape.has_extra);
    const double rho = exponent_error(row, saved, a, row.t[j], delta);
    error.p[j] = weight_error(row.p[j], row.t[j] - shape.lse, rho) + a.tiny;
    error.d_p[j] = dot * row.abs_d_p[j] + floor;
    error.d_p[j] += a.score_error * (std::abs(row.d_p[j]) + error.d_p[j]);
    if (shape.softcap > 0) {
      const double capped_t = shape.softcap * std::abs(row.capped[j]);
      const double before_extra =
          score_error<double>(abs_s, row.abs_s[j], 0, capped_t, scores, false);
      error.capped[j] = before_extra / shape.softcap + a.tiny;
    }
  }
}

/// Error of sum_d dO_d o_d, made from the saved o or as sum_j p_j dP_j.
double sum_o_error(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                   const GradientRowError& error) {
  const auto lanes = static_cast<double>(row.head_dim_v);
  double from_o = saved.sum_o;
  from_o += dot_error(lanes, kDeltaRoundings, a) * (row.abs_sum_o + from_o) +
            a.tiny * (2 * lanes + row.sum_abs_do + 1);
  double size = 0, from_p = 0;
  for (std::size_t j = 0; j < row.p.size(); ++j) {
    from_p += error.p[j] * std::abs(row.d_p[j]) + (row.p[j] + error.p[j]) * error.d_p[j];
    size += (row.p[j] + error.p[j]) * (std::abs(row.d_p[j]) + error.d_p[j]);
  }
  const auto n = static_cast<double>(row.p.size());
  from_p += gamma_of(sum_path(a, n, 0, n) + kDeltaRoundings, a.product_u) * size + a.tiny * 2 * n;
  return std::max(from_o, from_p);
}

/// Error of d_t * cap_slope, where d_t errs by `d_t_error`.
double capped_error(const GradientRow& row, const Arithmetic& a, std::size_t j, double d_t_error,
                    GradientRowError& error) {
  const double capped = error.capped[j];
  error.cap_slope[j] =
      capped * (2 * std::abs(row.capped[j]) + capped) + kCapSlopeRoundings * a.u + a.tiny;
  const double d_t = std::abs(row.d_t[j]) + d_t_error;
  const double product = d_t_error * row.cap_slope[j] + d_t * error.cap_slope[j];
  return product + gamma_of(1, a.u) * (std::abs(row.d_s[j]) + product) + a.tiny;
}

}  // namespace

GradientArithmetic gradient_arithmetic(const problem::Numerics& numerics, problem::DType q_dtype) {
  GradientArithmetic a{arithmetic_of(numerics, q_dtype, 0)};
  if (a.p_error == 0) return a;
  // P and dS are rounded as they are, not times 2^p_scale_log2.
  a.p_tiny = problem::smallest_subnormal(numerics.p_dtype) / 2;
  a.p_largest = problem::largest_finite(numerics.p_dtype);
  return a;
}

GradientArithmetic gradient_reference_arithmetic() {
  GradientArithmetic a{reference_arithmetic(false)};
  a.tiny = kOwnTiny;
  return a;
}

void row_errors(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                GradientRowError& error) {
  const std::size_t n = row.t.size();
  const double start = scores_may_overflow(row.shape, a) ? kInfinity : 0;
  for (std::vector<double>* member :
       {&error.p, &error.d_p, &error.x, &error.d_t, &error.capped, &error.cap_slope, &error.d_s,
        &error.stored_p, &error.stored_d_s}) {
    member->assign(n, start);
  }
  error.p_sink = error.sum_o = error.sink = start;
  if (start > 0) return;

  key_errors(row, saved, a, error);
  error.sum_o = sum_o_error(row, saved, a, error);
  const double combined = kCombineRoundings * a.u;
  double delta = error.sum_o * (1 + combined) +
                 combined * (std::abs(row.sum_o) + std::abs(row.d_lse)) + a.tiny;
  if (delta_may_overflow(row, saved, a)) delta = kInfinity;
  const double product = gamma_of(kProductRoundings, a.u);
  const double scale = std::abs(row.shape.scale);
  const double p_largest = a.p_largest > 0 ? a.p_largest / 2 : kInfinity;
  for (std::size_t j = 0; j < n; ++j) {
    error.x[j] = error.d_p[j] + delta + combined * (std::abs(row.d_p[j]) + error.d_p[j]);
    const double p = row.p[j] + error.p[j];
    if (!(p < a.largest / 4)) error.p[j] = kInfinity;
    double e = error.p[j] * std::abs(row.x[j]) + p * error.x[j];
    if (!(std::abs(row.d_t[j]) + e < a.largest / 4)) e = kInfinity;
    e += product * (std::abs(row.d_t[j]) + e) + 2 * a.tiny;
    error.d_t[j] = e;
    error.d_s[j] = row.shape.softcap > 0 ? capped_error(row, a, j, e, error) : e;

    const double d_s = std::abs(row.d_s[j]) + error.d_s[j];
    error.stored_p[j] = p < p_largest ? error.p[j] + p_rounding(p, 1, a) : kInfinity;
    error.stored_d_s[j] = d_s * std::max(1.0, scale) * row.gain < p_largest
                              ? scale * (error.d_s[j] + p_rounding(d_s, row.fold, a))
                              : kInfinity;
  }
  if (!row.shape.has_sink) return;
  const double rho = exponent_error(row, saved, a, row.shape.sink, sink_error(row.shape, a));
  error.p_sink = weight_error(row.p_sink, row.shape.sink - row.shape.lse, rho) + a.tiny;
  error.sink = error.p_sink * std::abs(row.delta) + (row.p_sink + error.p_sink) * delta;
}

void widen(GradientRow& row, const GradientRowError& own) {
  const auto grow = [](std::vector<double>& values, const std::vector<double>& errors) {
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = std::abs(values[j]) + errors[j];
  };
  grow(row.p, own.p);
  grow(row.d_p, own.d_p);
  grow(row.x, own.x);
  grow(row.d_t, own.d_t);
  grow(row.capped, own.capped);
  grow(row.cap_slope, own.cap_slope);
  grow(row.d_s, own.d_s);
  row.p_sink += own.p_sink;
  row.sum_o = std::abs(row.sum_o) + own.sum_o;
  row.delta = std::abs(row.delta) + own.sum_o;
}

double sum_bound(const SumTerms& terms, const SumShape& shape, const GradientArithmetic& a) {
  if (terms.count == 0) return 0;
  // In an aligned unit parts of a sum may be blocks of their own, joined by one more addition.
  double sums = gamma_of(terms.count, shape.matrix ? a.product_u : a.u);
  if (shape.matrix && !a.relative_sums) {
    sums = gamma_of(sum_path(a, terms.count, 0, terms.count) + terms.count, a.product_u);
  }
  const double others = gamma_of(shape.extra_roundings, a.u) + shape.operand_error;
  const double rounding = sums + others + sums * others;
  double bound = terms.error + rounding * terms.size;
  if (a.part_error > 0) {
    bound += a.part_error * (1 + rounding) * terms.size + terms.count * a.part_tiny * shape.unit;
    if (!(terms.size * shape.gain < a.part_largest / 2)) return kInfinity;
  }
  bound += a.tiny * (shape.unit * (2 * terms.count + 2) + terms.weights) +
           shape.operand_tiny * terms.weights;
  const double largest = std::max(terms.size, terms.weights) * shape.gain;
  if (!(largest < a.largest / 4)) return kInfinity;
  bound = bound * kSafety + kOwnUnderflow;
  return bound < kInfinity ? bound : kInfinity;  // also when it is NaN
}

double stored_error(double value, double error, problem::DType type, double unit) {
  const double size = std::abs(value) + error;
  if (!(size / unit < problem::largest_finite(type) / 2)) return kInfinity;
  return error + problem::unit_roundoff(type) * size + unit * problem::smallest_subnormal(type) / 2;
}

}  // namespace attest::oracle
