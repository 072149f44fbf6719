#include "oracle/gradient.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "oracle/fpenv.h"
#include "oracle/gradient_bound.h"
#include "oracle/gradient_sums.h"
#include "oracle/logical_tensors.h"
#include "oracle/mp.h"
#include "oracle/visible.h"

namespace attest::oracle {
namespace {

using problem::Problem;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Roundings of a finished sum: scale made a constant, ln 2 or log2(e) undone, the product, storing.
constexpr double kScaledRoundings = 6;
constexpr double kPlainRoundings = 3;  // a last factor (-1, a distance), storing

/// A stored number and a meant one, or 1 and a scale, differ by at most this factor.
double gain_of(const problem::Scales& scales) {
  double gain = 1;
  for (const double scale : scales) {
    if (scale != 0) gain = std::max({gain, std::abs(scale), 1 / std::abs(scale)});
  }
  return gain;
}

double at_least_one(double x) { return x == 0 ? 1 : std::max(1.0, 1 / std::abs(x)); }

/// sum of x y and of |x y|, in order.
struct Dot {
  double value = 0, size = 0;
};
Dot dot(const double* x, const double* y, std::int64_t lanes) {
  Dot sum;
  for (std::int64_t d = 0; d < lanes; ++d) {
    sum.value += x[d] * y[d];
    sum.size += std::abs(x[d] * y[d]);
  }
  return sum;
}

double sum_abs(const double* x, std::int64_t lanes) {
  double sum = 0;
  for (std::int64_t d = 0; d < lanes; ++d) sum += std::abs(x[d]);
  return sum;
}

class GradientEvaluator {
 public:
  GradientEvaluator(const Problem& problem, const problem::Inputs& inputs, const Upstream& upstream,
                    const problem::Numerics& numerics)
      : problem_(problem),
        upstream_(upstream),
        x_(problem, inputs),
        kernel_(gradient_arithmetic(numerics, problem.q_dtype)),
        own_(gradient_reference_arithmetic()),
        forward_(expect_attend(problem, inputs, numerics)),
        q_sums_(problem.total_q() * problem.num_q_heads, problem.head_dim_qk),
        k_sums_(problem.total_kv() * problem.num_kv_heads, problem.head_dim_qk),
        v_sums_(problem.v_is_k_prefix ? 0 : problem.total_kv() * problem.num_kv_heads,
                problem.head_dim_v),
        bias_sums_(static_cast<std::int64_t>(inputs.bias.size()), 1),
        sink_sums_(static_cast<std::int64_t>(problem.sinks.size()), 1),
        slope_sums_(static_cast<std::int64_t>(problem.alibi_slopes.size()), 1) {
    row_.head_dim_qk = problem.head_dim_qk;
    row_.head_dim_v = problem.head_dim_v;
    row_.scale = problem.scale;
    row_.softcap = problem.softcap;
    row_.num_scales = (problem.q_scale.empty() ? 0 : 1) + (problem.k_scale.empty() ? 0 : 1) +
                      (problem.v_scale.empty() ? 0 : 1);
    row_.gain = gain_of(problem.q_scale) * gain_of(problem.k_scale) * gain_of(problem.v_scale);
    row_.biased = !problem.alibi_slopes.empty() || problem.bias != problem::Bias::kNone;
  }

  ExpectedGradients run() {
    for (std::int64_t b = 0; b < problem_.batch(); ++b) {
      for (std::int64_t kv_head = 0; kv_head < problem_.num_kv_heads; ++kv_head) {
        load_keys(b, kv_head);
        for (std::int64_t i = 0; i < problem_.group(); ++i) {
          const std::int64_t head = kv_head * problem_.group() + i;
          for (std::int64_t row = 0; row < q_len(b); ++row) add_row(b, head, row);
        }
      }
    }
    return finish();
  }

 private:
  std::int64_t q_len(std::int64_t b) const {
    return problem_.sequences[static_cast<std::size_t>(b)].q_len;
  }
  void load_keys(std::int64_t b, std::int64_t kv_head);
  void load_row(std::int64_t b, std::int64_t head, std::int64_t row);
  void score_keys(std::int64_t b, std::int64_t head, std::int64_t row);
  void weigh_keys(std::int64_t flat_row, double sink);
  SavedError saved_error(std::int64_t flat_row, bool own) const;
  void add_row(std::int64_t b, std::int64_t head, std::int64_t row);
  void add_terms(std::int64_t b, std::int64_t head, std::int64_t row);
  ExpectedGradients finish() const;

  const Problem& problem_;
  const Upstream& upstream_;
  const LogicalTensors x_;
  const GradientArithmetic kernel_, own_;
  const Expected forward_;
  GradientSums q_sums_, k_sums_, v_sums_, bias_sums_, sink_sums_, slope_sums_;

  // One KV head of one sequence, and one row: values meant.
  std::vector<double> k_, v_;       ///< [kv_len, head_dim]
  std::vector<double> q_, d_o_;     ///< [head_dim]
  std::vector<std::int64_t> keys_;  ///< visible
  std::vector<double> distance_;    ///< per entry of keys_
  GradientRow row_;
  GradientRowError kernel_error_, own_error_;
};

void GradientEvaluator::load_keys(std::int64_t b, std::int64_t kv_head) {
  const std::int64_t head = kv_head * problem_.group();
  k_.clear();
  v_.clear();
  for (std::int64_t j = 0; j < problem_.sequences[static_cast<std::size_t>(b)].kv_len; ++j) {
    for (std::int64_t d = 0; d < problem_.head_dim_qk; ++d)
      k_.push_back(x_.k_scale(b, head) * x_.k(b, head, j, d));
    for (std::int64_t d = 0; d < problem_.head_dim_v; ++d)
      v_.push_back(x_.v_scale(b, head) * x_.v(b, head, j, d));
  }
}

void GradientEvaluator::load_row(std::int64_t b, std::int64_t head, std::int64_t row) {
  q_.clear();
  d_o_.clear();
  for (std::int64_t d = 0; d < problem_.head_dim_qk; ++d)
    q_.push_back(x_.q_scale(b, head) * x_.q(b, head, row, d));
  const std::int64_t flat_row = (x_.first_row(b) + row) * problem_.num_q_heads + head;
  for (std::int64_t d = 0; d < problem_.head_dim_v; ++d)
    d_o_.push_back(upstream_.o.value(static_cast<std::size_t>(flat_row * problem_.head_dim_v + d)));

  keys_.clear();
  const auto [first, last] = visible_range(problem_, b, row);
  for (std::int64_t j = first; j < last; ++j) {
    const bool hidden = x_.bias(b, head, row, j) == -std::numeric_limits<double>::infinity();
    if (!hidden && visible(problem_, b, row, j)) keys_.push_back(j);
  }
  row_.resize(keys_.size());
  row_.fold = at_least_one(problem_.scale) *
              std::max(at_least_one(x_.q_scale(b, head)), at_least_one(x_.k_scale(b, head)));
}

void GradientEvaluator::score_keys(std::int64_t b, std::int64_t head, std::int64_t row) {
  distance_.assign(keys_.size(), 0);
  row_.sum_abs_q = sum_abs(q_.data(), problem_.head_dim_qk);
  row_.sum_abs_k = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::int64_t j = keys_[i];
    const double* const k = k_.data() + j * problem_.head_dim_qk;
    const Dot s = dot(q_.data(), k, problem_.head_dim_qk);
    row_.sum_abs_k = std::max(row_.sum_abs_k, sum_abs(k, problem_.head_dim_qk));
    row_.s[i] = problem_.scale * s.value;
    row_.abs_s[i] = std::abs(problem_.scale) * s.size;
    row_.capped[i] = 0;
    row_.cap_slope[i] = 1;
    double t = row_.s[i];
    if (problem_.softcap > 0) {
      const double capped = std::tanh(t / problem_.softcap);
      row_.capped[i] = capped;
      row_.cap_slope[i] = (1 - capped) * (1 + capped);
      t = problem_.softcap * capped;
    }
    row_.bias[i] = 0;
    if (!problem_.alibi_slopes.empty()) {
      distance_[i] = std::abs(
          static_cast<double>(query_position(problem_, b, row) - key_position(problem_, b, j)));
      const double term = x_.alibi_slope(head) * distance_[i];
      t -= term;
      row_.bias[i] += std::abs(term);
    }
    const double bias = x_.bias(b, head, row, j);
    row_.bias[i] += std::abs(bias);
    row_.t[i] = t + bias;
  }
}

void GradientEvaluator::weigh_keys(std::int64_t flat_row, double sink) {
  const auto flat = static_cast<std::size_t>(flat_row);
  const std::int64_t lanes = problem_.head_dim_v;
  const Reference& lse = forward_.lse[flat];
  bool finite = lse.kind == Kind::kFinite;
  for (const double t : row_.t) finite = finite && std::isfinite(t);
  row_.lse = finite ? static_cast<double>(lse.value) : kNaN;

  row_.sum_o = row_.abs_sum_o = 0;
  for (std::int64_t d = 0; d < lanes; ++d) {
    const Reference& o =
        forward_.o[flat * static_cast<std::size_t>(lanes) + static_cast<std::size_t>(d)];
    const double term = d_o_[static_cast<std::size_t>(d)] *
                        (o.kind == Kind::kFinite ? static_cast<double>(o.value) : kNaN);
    row_.sum_o += term;
    row_.abs_sum_o += std::abs(term);
  }
  row_.d_lse = upstream_.lse.size() == 0 ? 0 : upstream_.lse.value(flat);
  row_.delta = row_.sum_o - row_.d_lse;
  row_.sum_abs_do = sum_abs(d_o_.data(), lanes);
  row_.sum_abs_v = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const double* const v = v_.data() + keys_[i] * lanes;
    const Dot d_p = dot(d_o_.data(), v, lanes);
    row_.sum_abs_v = std::max(row_.sum_abs_v, sum_abs(v, lanes));
    row_.p[i] = std::exp(row_.t[i] - row_.lse);
    row_.d_p[i] = d_p.value;
    row_.abs_d_p[i] = d_p.size;
    row_.x[i] = d_p.value - row_.delta;
    row_.d_t[i] = row_.p[i] * row_.x[i];
    row_.d_s[i] = row_.d_t[i] * row_.cap_slope[i];
  }
  row_.has_sink = !std::isinf(sink);
  row_.sink = row_.has_sink ? sink : 0;
  row_.p_sink = row_.has_sink ? std::exp(sink - row_.lse) : 0;
}

SavedError GradientEvaluator::saved_error(std::int64_t flat_row, bool own) const {
  // The evaluation uses value without low.
  const auto error_of = [own](const Reference& x) {
    return own ? x.ball + 0x1p-53 * std::abs(static_cast<double>(x.value)) : x.bound;
  };
  const auto flat = static_cast<std::size_t>(flat_row);
  const std::size_t lanes = d_o_.size();
  SavedError saved{.lse = error_of(forward_.lse[flat]), .sum_o = 0};
  for (std::size_t d = 0; d < lanes; ++d) {
    if (d_o_[d] == 0) continue;
    const Reference& o = forward_.o[flat * lanes + d];
    double error = error_of(o);
    if (!own) {
      error = stored_error(static_cast<double>(o.value), error + o.ball, problem_.o_dtype,
                           problem_.o_scale.value_or(1));
    }
    saved.sum_o += std::abs(d_o_[d]) * error;
  }
  return saved;
}

void GradientEvaluator::add_row(std::int64_t b, std::int64_t head, std::int64_t row) {
  const std::int64_t flat_row = (x_.first_row(b) + row) * problem_.num_q_heads + head;
  load_row(b, head, row);
  const double sink = x_.sink(head);
  if (keys_.empty() && sink == -std::numeric_limits<double>::infinity()) return;
  score_keys(b, head, row);
  weigh_keys(flat_row, sink);
  row_errors(row_, saved_error(flat_row, true), own_, own_error_);
  GradientRow exact = row_;
  widen(exact, own_error_);
  row_errors(exact, saved_error(flat_row, false), kernel_, kernel_error_);
  add_terms(b, head, row);
}

void GradientEvaluator::add_terms(std::int64_t b, std::int64_t head, std::int64_t row) {
  const std::int64_t dim = problem_.head_dim_qk;
  const std::int64_t lanes = problem_.head_dim_v;
  const std::int64_t flat_row = (x_.first_row(b) + row) * problem_.num_q_heads + head;
  constexpr double kOne = 1;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::int64_t j = keys_[i];
    const std::int64_t key = (x_.first_key(b) + j) * problem_.num_kv_heads + x_.kv_head(head);
    const Weight d_s{problem_.scale * row_.d_s[i], kernel_error_.stored_d_s[i],
                     own_error_.stored_d_s[i]};
    q_sums_.add(flat_row, d_s, k_.data() + j * dim, dim);
    k_sums_.add(key, d_s, q_.data(), dim);
    const Weight p{row_.p[i], kernel_error_.stored_p[i], own_error_.stored_p[i]};
    (problem_.v_is_k_prefix ? k_sums_ : v_sums_).add(key, p, d_o_.data(), lanes);
    const Weight d_t{row_.d_t[i], kernel_error_.d_t[i], own_error_.d_t[i]};
    if (problem_.bias != problem::Bias::kNone) {
      bias_sums_.add(static_cast<std::int64_t>(x_.bias_index(b, head, row, j)), d_t, &kOne, 1);
    }
    if (!problem_.alibi_slopes.empty()) {
      const double minus_distance = -distance_[i];
      slope_sums_.add(head, d_t, &minus_distance, 1);
    }
  }
  if (row_.has_sink) {
    sink_sums_.add(head, {-row_.p_sink * row_.delta, kernel_error_.sink, own_error_.sink}, &kOne,
                   1);
  }
}

ExpectedGradients GradientEvaluator::finish() const {
  const double scale = std::abs(problem_.scale);
  const SumShape products{.extra_roundings = kScaledRoundings + row_.num_scales,
                          .unit = std::max(1.0, scale) * row_.gain,
                          .gain = at_least_one(scale) * row_.gain};
  SumShape products_q = products;  // with q, which may have been rounded with its scale
  products_q.operand_error = kernel_.q_error;
  products_q.operand_tiny = scale > 0 ? kernel_.q_tiny / scale : 0;
  const SumShape plain{.matrix = false, .extra_roundings = kPlainRoundings};
  const SumShape values{.extra_roundings = kPlainRoundings};
  return {.q = q_sums_.finish(products, kernel_, own_),
          .k = k_sums_.finish(products_q, kernel_, own_),
          .v = v_sums_.finish(values, kernel_, own_),
          .bias = bias_sums_.finish(plain, kernel_, own_),
          .sink = sink_sums_.finish(plain, kernel_, own_),
          .slope = slope_sums_.finish(plain, kernel_, own_)};
}

}  // namespace

ExpectedGradients expect_gradients(const Problem& problem, const problem::Inputs& inputs,
                                   const Upstream& upstream, const problem::Numerics& numerics) {
  check_shapes(problem, upstream);
  const DefaultFpEnv environment;
  return GradientEvaluator(problem, inputs, upstream, numerics).run();
}

void refine_gradients(const Problem& problem, const problem::Inputs& inputs,
                      const Upstream& upstream, ExpectedGradients& expected) {
  const DefaultFpEnv environment;
  const Gradients<Mp> exact = differentiate<Mp>(problem, inputs, upstream);
  const auto refine = [](const std::vector<Mp>& values, std::vector<Reference>& references) {
    for (std::size_t i = 0; i < references.size(); ++i) {
      if (!std::isfinite(references[i].bound)) continue;
      const auto value = static_cast<double>(values[i]);
      references[i].value = value;
      references[i].ball = std::abs(value) * 0x1p-53 + std::numeric_limits<double>::denorm_min();
    }
  };
  refine(exact.q, expected.q);
  refine(exact.k, expected.k);
  refine(exact.v, expected.v);
  refine(exact.bias, expected.bias);
  refine(exact.sink, expected.sink);
  refine(exact.slope, expected.slope);
}

}  // namespace attest::oracle
