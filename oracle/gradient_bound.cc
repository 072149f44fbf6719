#include "oracle/gradient_bound.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "oracle/bound_terms.h"

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Counts of roundings on paths that no declaration describes. Each is the largest of the
// implementations known. The first five are those of the forward pass (bounds.cc).
constexpr double kLaneRoundings = 1;   // q * scale, not rounded further, before the product
constexpr double kScaleRoundings = 4;  // scale and log2(e) made constants, two products
constexpr double kCapRoundings = 3;    // softcap made a constant, the division, log2(e)
constexpr double kBiasRoundings = 5;   // slope and log2(e) made constants, two products, the sum
constexpr double kBiasAdds = 2;        // ALiBi and an additive bias
constexpr double kSinkRoundings = 2;   // log2(e) made a constant, the product
constexpr double kSavedRoundings =
    4;                                // lse stored, log2(e) made a constant, the product, once more
constexpr double kNormRoundings = 2;  // P as e^(t - m) times a reciprocal
constexpr double kDeltaRoundings = 2;     // o dequantised, D stored
constexpr double kCombineRoundings = 3;   // dP - D + dLSE in any order, both perhaps scaled
constexpr double kProductRoundings = 2;   // P * X, times a constant
constexpr double kCapSlopeRoundings = 6;  // tanh as t / softcap (two, doubled), square, difference
// The formulas are themselves evaluated in double, from values correct to their ball only.
constexpr double kSafety = 1.001;
constexpr double kOwnUnderflow = 8 * std::numeric_limits<double>::denorm_min();
constexpr double kLargestExponent = 700;  // e^x stays finite

/// Roundings on the way of one of `terms` products that a matrix unit adds up in one go.
double chain(double terms, const Arithmetic& a) {
  const double blocks =
      a.mma_depth > 0 ? std::ceil(terms / static_cast<double>(a.mma_depth)) : terms;
  return sum_path(a, terms, 0, blocks);
}

/// What score_error needs of a row and an arithmetic.
struct ScoreTerms {
  double dot;    ///< relative to sum |q_d k_jd|
  double scale;  ///< relative to the scaled score
  double floor;  ///< absolute
};

ScoreTerms score_terms(const GradientRow& row, const Arithmetic& a) {
  const auto dim = static_cast<double>(row.head_dim_qk);
  const double scale = std::abs(row.scale);
  return {.dot = gamma_of(chain(dim, a) + kLaneRoundings + row.num_scales, a.product_u) + a.q_error,
          .scale = gamma_of(kScaleRoundings + row.num_scales, a.u),
          .floor = a.q_tiny * row.sum_abs_k + a.score_tiny * std::max(1.0, scale) +
                   a.tiny * (2 * dim * std::max(1.0, scale) * row.gain +
                             (1 + scale) * (row.sum_abs_q + row.sum_abs_k))};
}

struct ScoreError {
  double t;       ///< of the score
  double capped;  ///< of tanh(s / softcap)
};

/// docs/gradients.md, section 3.
ScoreError score_error(const GradientRow& row, const Arithmetic& a, const ScoreTerms& terms,
                       std::size_t j) {
  const double abs_s = std::abs(row.s[j]);
  ScoreError error{};
  double e = terms.dot * row.abs_s[j] + terms.floor;
  e += (terms.scale + a.score_error) * (abs_s + e);
  if (row.softcap > 0) {
    e += kCapRoundings * a.u * (abs_s + e);
    const double inner = std::tanh(std::max(0.0, (abs_s - e) / row.softcap));
    const double flat = (1 - inner * inner) * e;
    e = flat + a.tanh_error * row.softcap +
        kCapRoundings * a.u * (std::min(abs_s, row.softcap) + flat) + a.score_tiny;
    e += a.score_error * (std::min(abs_s, row.softcap) + e);
    error.capped = e / row.softcap + a.tiny;
  }
  if (row.biased) {
    e += a.u * (kBiasRoundings * row.bias[j] + kBiasAdds * (std::abs(row.t[j]) + e));
    e += a.score_error * (std::abs(row.t[j]) + e) + a.score_tiny;
  }
  error.t = e;
  return error;
}

/// Bound on |p' - p| where p' = p e^r, |r| <= rho, from either of the two; p = e^exponent.
double weight_error(double p, double exponent, double rho) {
  if (rho < 0.5) return p * std::expm1(rho);
  return rho < kInfinity ? std::exp(std::min(exponent + rho, kLargestExponent)) : kInfinity;
}

/// The exponent's error of e^(t - lse) with a saved lse.
double exponent_error(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                      double t, double delta) {
  const double argument = std::abs(t - row.lse) + delta + saved.lse;
  return delta + saved.lse + a.exp_arg_error * argument +
         kSavedRoundings * a.u * (std::abs(row.lse) + saved.lse) +
         gamma_of(1, a.exp_error + kNormRoundings * a.u);
}

/// Rounding a number of magnitude `size` to the type of P.
double p_rounding(double size, double fold, const Arithmetic& a) {
  if (a.p_error == 0) return 0;
  return a.p_error * size + std::min(size, a.p_tiny * fold);
}

/// True when something on the way may overflow; then nothing can be said about the row.
bool may_overflow(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a) {
  const double gain = row.gain * std::max(1.0, std::abs(row.scale));
  double largest = std::max({row.sum_abs_q * gain, row.sum_abs_k, row.abs_sum_o + saved.sum_o,
                             std::abs(row.d_lse), std::abs(row.lse)});
  double largest_score = std::abs(row.lse);
  for (std::size_t j = 0; j < row.t.size(); ++j) {
    largest_score = std::max({largest_score, row.abs_s[j], std::abs(row.t[j])});
    largest = std::max({largest, row.abs_d_p[j] * gain, std::abs(row.bias[j])});
  }
  // The sum may be of products that no scale has touched yet.
  const double unscaled = row.scale == 0 ? row.sum_abs_q * row.sum_abs_k
                                         : largest_score * std::max(1.0, 1 / std::abs(row.scale));
  largest = std::max(largest, unscaled * row.gain);
  if (!(largest < a.largest / 4)) return true;
  if (a.score_largest > 0 && !(largest < a.score_largest / 4)) return true;
  return a.q_largest > 0 && !(row.sum_abs_q * gain < a.q_largest / 4);
}

/// Error of sum_d dO_d o_d, made from the saved o or as sum_j p_j dP_j.
double sum_o_error(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                   const GradientRowError& error) {
  const auto lanes = static_cast<double>(row.head_dim_v);
  double from_o = saved.sum_o;
  from_o += gamma_of(chain(lanes, a) + kDeltaRoundings, a.product_u) * (row.abs_sum_o + from_o) +
            a.tiny * (2 * lanes + row.sum_abs_do + 1);
  double size = 0, from_p = 0;
  for (std::size_t j = 0; j < row.p.size(); ++j) {
    from_p += error.p[j] * std::abs(row.d_p[j]) + (row.p[j] + error.p[j]) * error.d_p[j];
    size += (row.p[j] + error.p[j]) * (std::abs(row.d_p[j]) + error.d_p[j]);
  }
  const auto n = static_cast<double>(row.p.size());
  from_p += gamma_of(chain(n, a) + kDeltaRoundings, a.product_u) * size + a.tiny * 2 * n;
  return std::max(from_o, from_p);
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

GradientArithmetic gradient_reference_arithmetic() { return {reference_arithmetic(false)}; }

void GradientRow::resize(std::size_t n) {
  for (std::vector<double>* member :
       {&s, &abs_s, &bias, &t, &p, &d_p, &abs_d_p, &x, &d_t, &capped, &cap_slope, &d_s}) {
    member->resize(n);
  }
}

void row_errors(const GradientRow& row, const SavedError& saved, const GradientArithmetic& a,
                GradientRowError& error) {
  const std::size_t n = row.t.size();
  const double lost = may_overflow(row, saved, a) ? kInfinity : 0;
  for (std::vector<double>* member :
       {&error.p, &error.d_p, &error.x, &error.d_t, &error.capped, &error.cap_slope, &error.d_s,
        &error.stored_p, &error.stored_d_s}) {
    member->assign(n, lost);
  }
  error.p_sink = error.sum_o = error.sink = lost;
  if (lost > 0) return;

  const ScoreTerms terms = score_terms(row, a);
  const double dot = gamma_of(
      chain(static_cast<double>(row.head_dim_v), a) + kLaneRoundings + row.num_scales, a.product_u);
  const double dot_floor = a.tiny * (2 * static_cast<double>(row.head_dim_v) * row.gain +
                                     row.sum_abs_do + row.sum_abs_v) +
                           a.score_tiny;
  for (std::size_t j = 0; j < n; ++j) {
    const ScoreError score = score_error(row, a, terms, j);
    error.capped[j] = score.capped;
    const double rho = exponent_error(row, saved, a, row.t[j], score.t);
    error.p[j] = weight_error(row.p[j], row.t[j] - row.lse, rho) + a.tiny;
    error.d_p[j] = dot * row.abs_d_p[j] + dot_floor;
    error.d_p[j] += a.score_error * (std::abs(row.d_p[j]) + error.d_p[j]);
  }

  error.sum_o = sum_o_error(row, saved, a, error);
  const double combined = kCombineRoundings * a.u;
  const double delta = error.sum_o * (1 + combined) +
                       combined * (std::abs(row.sum_o) + std::abs(row.d_lse)) + a.tiny;
  const double scale = std::abs(row.scale);
  const double p_largest = a.p_largest > 0 ? a.p_largest / 2 : kInfinity;
  for (std::size_t j = 0; j < n; ++j) {
    error.x[j] = error.d_p[j] + delta + combined * (std::abs(row.d_p[j]) + error.d_p[j]);
    const double p = row.p[j] + error.p[j];
    double e = error.p[j] * std::abs(row.x[j]) + p * error.x[j];
    e += gamma_of(kProductRoundings, a.u) * (std::abs(row.d_t[j]) + e) + 2 * a.tiny;
    error.d_t[j] = e;
    if (row.softcap > 0) {
      error.cap_slope[j] = error.capped[j] * (2 * std::abs(row.capped[j]) + error.capped[j]) +
                           kCapSlopeRoundings * a.u;
      const double d_t = std::abs(row.d_t[j]) + e;
      e = e * row.cap_slope[j] + d_t * error.cap_slope[j];
      e += gamma_of(1, a.u) * (std::abs(row.d_s[j]) + e) + a.tiny;
    }
    error.d_s[j] = e;
    const double d_s = std::abs(row.d_s[j]) + e;
    error.stored_p[j] = error.p[j] + p_rounding(p, 1, a);
    error.stored_d_s[j] = scale * (e + p_rounding(d_s, row.fold, a));
    if (!(p < p_largest)) error.stored_p[j] = kInfinity;
    if (!(d_s * std::max(1.0, scale) * row.gain < p_largest)) error.stored_d_s[j] = kInfinity;
  }

  if (!row.has_sink) return;
  const double sink = kSinkRoundings * a.u * std::abs(row.sink);
  error.p_sink =
      weight_error(row.p_sink, row.sink - row.lse, exponent_error(row, saved, a, row.sink, sink)) +
      a.tiny;
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

double sum_bound(double terms, double size, double weights, double error, const SumShape& shape,
                 const Arithmetic& a) {
  if (terms == 0) return 0;
  const double u = shape.matrix ? a.product_u : a.u;
  // Parts of one sum may be blocks of their own in an aligned unit, joined by one more addition.
  const double steps =
      shape.matrix && !a.relative_sums ? sum_path(a, terms, 0, terms) + terms : terms;
  const double sums = gamma_of(steps, u);
  const double others = gamma_of(shape.extra_roundings, a.u) + shape.operand_error;
  double rounding = sums + others + sums * others;
  double bound = error + rounding * size;
  if (a.part_error > 0) {
    bound += a.part_error * (1 + rounding) * size + terms * a.part_tiny * shape.unit;
  }
  bound += a.tiny * (shape.unit * (2 * terms + 2) + weights) + shape.operand_tiny * weights;
  if (!(size * shape.gain < a.largest / 4)) return kInfinity;
  bound = bound * kSafety + kOwnUnderflow;
  return bound < kInfinity ? bound : kInfinity;  // also when it is NaN
}

double stored_error(double value, double error, problem::DType type, double unit) {
  const double size = std::abs(value) + error;
  if (!(size / unit < problem::largest_finite(type) / 2)) return kInfinity;
  return error + problem::unit_roundoff(type) * size + unit * problem::smallest_subnormal(type) / 2;
}

}  // namespace attest::oracle
