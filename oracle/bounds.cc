#include "oracle/bounds.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "oracle/bound_terms.h"
#include "oracle/mean_bound.h"

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Counts of roundings on paths that no declaration describes. Each is the largest of the
// implementations known.
constexpr double kLaneRoundings =
    1;  // q * scale, kept in the accumulation type, before the product
constexpr double kScaleRoundings =
    4;  // scale and log2(e) made constants, their product, the product with q.k
constexpr double kCapRoundings =
    3;  // softcap or its reciprocal made a constant, the division, log2(e)
constexpr double kBiasRoundings =
    5;  // slope and log2(e) made constants, two products, the sum before the last
constexpr double kBiasAdds = 2;       // ALiBi and an additive bias, each added to the score
constexpr double kSinkRoundings = 2;  // log2(e) made a constant, the product

/// What score_error needs of a row and an arithmetic.
struct ScoreTerms {
  double dot;    ///< relative to sum |q_d k_jd|
  double scale;  ///< relative to the scaled score
  double floor;  ///< absolute
};

ScoreTerms score_terms(const BoundInput& row, const Arithmetic& a) {
  const auto dim = static_cast<double>(row.head_dim_qk);
  const double scale = std::abs(row.scale);
  return {.dot = gamma_of(a.path * dim + kLaneRoundings + row.num_scales, a.u) + a.q_error,
          .scale = gamma_of(kScaleRoundings + row.num_scales, a.u),
          .floor = a.q_tiny * row.sum_abs_k +
                   a.tiny * (2 * dim * std::max(1.0, scale) * std::max(1.0, row.operand_scale) +
                             (1 + scale) * (row.sum_abs_q + row.sum_abs_k))};
}

/// |computed t_j - t_j|. docs/numerics.md, section 2.
double score_error(const BoundInput& row, const Arithmetic& a, const ScoreTerms& terms,
                   std::size_t j) {
  const double abs_s = std::abs(row.s[j]);
  double error = terms.dot * row.abs_s[j] + terms.floor;
  error += terms.scale * (abs_s + error);
  if (row.softcap > 0) {
    error += kCapRoundings * a.u * (abs_s + error);
    // tanh is flat far from 0: between |s| - error and |s| + error its slope is largest at the end
    // nearest to 0.
    const double inner = std::tanh(std::max(0.0, (abs_s - error) / row.softcap));
    const double flat = (1 - inner * inner) * error;
    // Made of exponentials, tanh errs by a share of 1, however small its result.
    error = flat + a.tanh_error * row.softcap +
            kCapRoundings * a.u * (std::min(abs_s, row.softcap) + flat);
  }
  if (!row.bias.empty()) {
    error += a.u * (kBiasRoundings * row.bias[j] + kBiasAdds * (std::abs(row.t[j]) + error));
  }
  return error;
}

void score_errors(const BoundInput& row, const Arithmetic& a, std::vector<double>& delta) {
  const ScoreTerms terms = score_terms(row, a);
  delta.resize(row.t.size());
  for (std::size_t j = 0; j < delta.size(); ++j) delta[j] = score_error(row, a, terms, j);
}

/// True when something on the way to the scores may overflow; then nothing can be said about the
/// row.
bool scores_may_overflow(const BoundInput& row, const Arithmetic& a) {
  if (!std::isfinite(row.sum_abs_q + row.sum_abs_k)) return true;  // the bound itself would
  const double scale = std::abs(row.scale);
  double largest_s = 0;
  double largest_t = row.has_sink ? std::abs(row.sink) : 0;
  for (std::size_t j = 0; j < row.s.size(); ++j) {
    largest_s = std::max(largest_s, row.abs_s[j]);
    largest_t = std::max(largest_t, std::abs(row.t[j]));
    if (!row.bias.empty()) largest_t = std::max(largest_t, row.bias[j]);
  }
  // The sum may be of products that no scale has touched yet.
  const double factor = std::min(1.0, scale * std::min(1.0, row.operand_scale));
  const double unscaled = factor > 0 ? largest_s / factor : row.sum_abs_q * row.sum_abs_k;
  // Or of q * scale.
  const double scaled_q = scale * row.sum_abs_q;
  if (!(std::max({unscaled, largest_t, scaled_q}) < a.largest / 4)) return true;
  return a.q_largest > 0 && !(row.sum_abs_q * std::max(1.0, scale) < a.q_largest / 4);
}

Mean mean_of(const BoundInput& row) {
  return {.t = row.t,
          .p = row.p,
          .has_sink = row.has_sink,
          .sink = row.sink,
          .sink_error_roundoffs = kSinkRoundings,
          .head_dim_v = row.head_dim_v,
          .v = row.v,
          .o = row.o,
          .lse = row.lse,
          .v_scale = row.v_scale,
          .num_scales = static_cast<double>(row.num_scales)};
}

void set_vacuous(const BoundInput& row, RowBound& bound) {
  bound.o.assign(static_cast<std::size_t>(row.head_dim_v), row.t.empty() ? 0 : kInfinity);
  bound.lse = kInfinity;
}

}  // namespace

void row_bounds(const BoundInput& row, const Arithmetic& kernel, const Arithmetic& own,
                BoundScratch& scratch, RowBound& bound, RowBound& ball) {
  if (scores_may_overflow(row, kernel)) {
    set_vacuous(row, bound);
    set_vacuous(row, ball);
    return;
  }
  score_errors(row, kernel, scratch.delta);
  score_errors(row, own, scratch.second_delta);
  mean_bounds(mean_of(row), {&kernel, scratch.delta}, {&own, scratch.second_delta}, scratch, bound,
              ball);
}

RowBound attend_bound(const BoundInput& row, const problem::Numerics& numerics,
                      int extra_merge_levels) {
  const Arithmetic kernel = arithmetic_of(numerics, row.q_dtype, extra_merge_levels);
  BoundScratch scratch;
  RowBound bound;
  if (scores_may_overflow(row, kernel)) {
    set_vacuous(row, bound);
    return bound;
  }
  score_errors(row, kernel, scratch.delta);
  mean_bound(mean_of(row), {&kernel, scratch.delta}, scratch, bound);
  return bound;
}

RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s,
                     std::span<const double> o, double lse, const Arithmetic& arithmetic) {
  const std::size_t lanes = o.size();
  std::vector<double> t, p, v;
  for (std::size_t s = 0; s < lse_s.size(); ++s) {
    if (lse_s[s] == -kInfinity) continue;
    t.push_back(lse_s[s]);
    p.push_back(std::exp(lse_s[s] - lse));
    const auto first = o_s.begin() + static_cast<std::ptrdiff_t>(s * lanes);
    v.insert(v.end(), first, first + static_cast<std::ptrdiff_t>(lanes));
  }
  RowBound bound;
  bound.o.assign(lanes, 0);
  if (t.empty()) return bound;
  Arithmetic a = arithmetic;
  a.merge_levels =
      static_cast<int>(std::max<std::size_t>(1, t.size() - 1));  // at most: pair by pair
  a.p_error = a.p_tiny = 0;                                      // no tensor cores at work here
  const std::vector<double> delta(t.size(), 0);
  BoundScratch scratch;
  const Mean mean{
      .t = t, .p = p, .head_dim_v = static_cast<std::int64_t>(lanes), .v = v, .o = o, .lse = lse};
  mean_bound(mean, {&a, delta}, scratch, bound);
  return bound;
}

RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s,
                     std::span<const double> o, double lse, const problem::Numerics& numerics) {
  return merge_bound(lse_s, o_s, o, lse, arithmetic_of(numerics, problem::DType::kF32, 0));
}

double output_rounding(problem::DType type, double magnitude) {
  // u * 2^e for numbers in [2^e, 2^(e+1)), and never less than for the smallest normal number.
  const double size = std::max(std::abs(magnitude), problem::smallest_normal(type));
  if (!std::isfinite(size)) return kInfinity;
  return std::ldexp(problem::unit_roundoff(type), std::ilogb(size));
}

}  // namespace attest::oracle
