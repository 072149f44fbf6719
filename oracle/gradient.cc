#include "oracle/gradient.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "oracle/fpenv.h"
#include "oracle/gradient_bound.h"
#include "oracle/gradient_row.h"
#include "oracle/gradient_sums.h"
#include "oracle/logical_tensors.h"
#include "oracle/mp.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

using problem::Problem;

// Roundings of a finished sum: scale made a constant, ln 2 or log2(e) undone, the product, storing.
constexpr double kScaledRoundings = 6;
constexpr double kPlainRoundings = 3;  // a last factor (-1, a distance), storing

/// The definition at 50 digits (2^-166) errs by far less than this share of the evaluation's ball.
constexpr double kGradientShare = 0x1p-64;

class GradientEvaluator {
 public:
  GradientEvaluator(const Problem& problem, const problem::Inputs& inputs, const Upstream& upstream,
                    const problem::Numerics& numerics)
      : problem_(problem),
        kernel_(gradient_arithmetic(numerics, problem.q_dtype)),
        own_(gradient_reference_arithmetic()),
        forward_(expect_attend(problem, inputs, numerics)),
        reader_(problem, inputs, upstream, forward_),
        q_sums_(problem.total_q() * problem.num_q_heads, problem.head_dim_qk),
        k_sums_(problem.total_kv() * problem.num_kv_heads, problem.head_dim_qk),
        v_sums_(problem.v_is_k_prefix ? 0 : problem.total_kv() * problem.num_kv_heads,
                problem.head_dim_v),
        bias_sums_(static_cast<std::int64_t>(inputs.bias.size()), 1),
        sink_sums_(static_cast<std::int64_t>(problem.sinks.size()), 1),
        slope_sums_(static_cast<std::int64_t>(problem.alibi_slopes.size()), 1) {}

  ExpectedGradients run();

 private:
  SavedError saved_error(bool own) const;
  void add_terms(std::int64_t b, std::int64_t head, std::int64_t row);
  void add_key(std::int64_t b, std::int64_t head, std::int64_t row, std::size_t i);
  ExpectedGradients finish() const;

  const Problem& problem_;
  const GradientArithmetic kernel_, own_;
  const Expected forward_;
  GradientRowReader reader_;
  GradientSums q_sums_, k_sums_, v_sums_, bias_sums_, sink_sums_, slope_sums_;
  GradientRow exact_;  ///< upper bounds of magnitudes
  GradientRowError kernel_error_, own_error_;
};

ExpectedGradients GradientEvaluator::run() {
  for (std::int64_t b = 0; b < problem_.batch(); ++b) {
    const std::int64_t q_len = problem_.sequences[static_cast<std::size_t>(b)].q_len;
    for (std::int64_t head = 0; head < problem_.num_q_heads; ++head) {
      if (head % problem_.group() == 0) reader_.load_keys(b, head / problem_.group());
      for (std::int64_t row = 0; row < q_len; ++row) {
        if (reader_.read(b, head, row)) add_terms(b, head, row);
      }
    }
  }
  return finish();
}

SavedError GradientEvaluator::saved_error(bool own) const {
  // The evaluation uses value without low.
  const auto error_of = [own](const Reference& x) {
    return own ? x.ball + 0x1p-53 * std::abs(x.value) : x.bound;
  };
  const auto flat = static_cast<std::size_t>(reader_.flat_row());
  const auto lanes = static_cast<std::size_t>(problem_.head_dim_v);
  SavedError saved{.lse = error_of(forward_.lse[flat]), .sum_o = 0};
  for (std::size_t d = 0; d < lanes; ++d) {
    const Reference& o = forward_.o[flat * lanes + d];
    double error = error_of(o);
    if (!own) {
      error = stored_error(o.value, error + o.ball, problem_.o_dtype, problem_.o_scale.value_or(1));
    }
    // An o that was stored as infinity is heard even times 0.
    saved.sum_o += std::isfinite(error) ? std::abs(reader_.d_o()[d]) * error : error;
  }
  return saved;
}

void GradientEvaluator::add_terms(std::int64_t b, std::int64_t head, std::int64_t row) {
  const GradientRow& terms = reader_.row();
  row_errors(terms, saved_error(true), own_, own_error_);
  exact_ = terms;
  widen(exact_, own_error_);
  row_errors(exact_, saved_error(false), kernel_, kernel_error_);
  for (std::size_t i = 0; i < reader_.keys().size(); ++i) add_key(b, head, row, i);
  if (!terms.shape.has_sink) return;
  constexpr double kOne = 1;
  const Weight weight{-terms.p_sink * terms.delta, kernel_error_.sink, own_error_.sink};
  sink_sums_.add(head, weight, &kOne, 1);
}

void GradientEvaluator::add_key(std::int64_t b, std::int64_t head, std::int64_t row,
                                std::size_t i) {
  const LogicalTensors& x = reader_.tensors();
  const GradientRow& terms = reader_.row();
  const std::int64_t j = reader_.keys()[i];
  const std::int64_t key = (x.first_key(b) + j) * problem_.num_kv_heads + x.kv_head(head);
  const Weight d_s{problem_.scale * terms.d_s[i], kernel_error_.stored_d_s[i],
                   own_error_.stored_d_s[i]};
  q_sums_.add(reader_.flat_row(), d_s, reader_.k(j), problem_.head_dim_qk);
  k_sums_.add(key, d_s, reader_.q(), problem_.head_dim_qk);
  const Weight p{terms.p[i], kernel_error_.stored_p[i], own_error_.stored_p[i]};
  (problem_.v_is_k_prefix ? k_sums_ : v_sums_).add(key, p, reader_.d_o(), problem_.head_dim_v);

  const Weight d_t{terms.d_t[i], kernel_error_.d_t[i], own_error_.d_t[i]};
  if (problem_.bias != problem::Bias::kNone) {
    constexpr double kOne = 1;
    bias_sums_.add(static_cast<std::int64_t>(x.bias_index(b, head, row, j)), d_t, &kOne, 1);
  }
  if (!problem_.alibi_slopes.empty()) {
    const double minus_distance = -reader_.distance(i);
    slope_sums_.add(head, d_t, &minus_distance, 1);
  }
}

ExpectedGradients GradientEvaluator::finish() const {
  const double scale = std::abs(problem_.scale);
  const GradientRow& row = reader_.row();
  const SumShape products{.extra_roundings = kScaledRoundings + row.shape.num_scales,
                          .unit = std::max(1.0, scale) * row.gain,
                          .gain = inverse_gain(scale) * row.gain};
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
      Reference& reference = references[i];
      if (!std::isfinite(reference.bound)) continue;
      reference.value = static_cast<double>(values[i]);
      reference.low = static_cast<double>(Mp(values[i] - reference.value));
      reference.ball = kDoubleDoubleRoundoff * std::abs(reference.value) +
                       kGradientShare * reference.ball + kSmallestDouble;
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
