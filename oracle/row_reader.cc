#include "oracle/row_reader.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "oracle/functions.h"
#include "oracle/visible.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

/// a + b = sum + low, exactly.
double two_sum(double a, double b, double& low) {
  const double sum = a + b;
  const double virtual_b = sum - a;
  low = (a - (sum - virtual_b)) + (b - virtual_b);
  return sum;
}

/// a * b = product + low, exactly unless it underflows.
double two_product(double a, double b, double& low) {
  const double product = a * b;
  low = std::fma(a, b, -product);
  return product;
}

double count_scales(const problem::Problem& problem) {
  return (problem.q_scale.empty() ? 0 : 1) + (problem.k_scale.empty() ? 0 : 1) +
         (problem.v_scale.empty() ? 0 : 1) + (problem.o_scale ? 1 : 0);
}

double sum_of_magnitudes(const double* x, std::int64_t count) {
  double sum = 0;
  for (std::int64_t d = 0; d < count; ++d) sum += std::abs(x[d]);
  return sum;
}

}  // namespace

RowReader::RowReader(const problem::Problem& problem, const problem::Inputs& inputs,
                     const DecodedInputs& decoded, const ExpectOptions& options)
    : problem_(problem), decoded_(decoded), options_(options), tensors_(problem, inputs) {}

problem::Range RowReader::range(std::int64_t b, std::int64_t row) const {
  auto [first, last] = visible_range(problem_, b, row);
  if (!options_.keys.empty()) {
    const problem::Range& part = options_.keys[static_cast<std::size_t>(b)];
    first = std::max(first, part.begin);
    last = std::max(first, std::min(last, part.end));
  }
  return {.begin = first, .end = last};
}

bool RowReader::has_additions(std::int64_t b) const {
  return !problem_.alibi_slopes.empty() || problem_.bias != problem::Bias::kNone ||
         !range_is_solid(problem_, b);
}

void RowReader::additions(std::int64_t b, std::int64_t row, std::int64_t head, double* sum,
                          double* low, double* size) const {
  const problem::Range keys = range(b, row);
  const bool alibi = !problem_.alibi_slopes.empty();
  const bool biased = problem_.bias != problem::Bias::kNone;
  const bool solid = range_is_solid(problem_, b);
  const double slope = tensors_.alibi_slope(head);
  const std::int64_t position = query_position(problem_, b, row);
  for (std::int64_t j = keys.begin; j < keys.end; ++j) {
    const double bias = biased ? tensors_.bias(b, head, row, j) : 0;
    sum[j] = low[j] = size[j] = 0;
    if (bias == -kInfinity || (!solid && !visible(problem_, b, row, j))) {
      sum[j] = -kInfinity;
      continue;
    }
    double term = 0;
    double term_low = 0;
    if (alibi) {
      const auto distance = static_cast<double>(std::abs(position - key_position(problem_, b, j)));
      term = two_product(-slope, distance, term_low);
    }
    sum[j] = two_sum(term, bias, low[j]);
    low[j] += term_low;
    size[j] = std::abs(term) + std::abs(bias);
  }
}

double RowReader::factor(std::int64_t b, std::int64_t head, double& low) const {
  double inner_low = 0;
  const double inner = two_product(tensors_.q_scale(b, head), tensors_.k_scale(b, head), inner_low);
  const double product = two_product(problem_.scale, inner, low);
  low = std::fma(problem_.scale, inner_low, low);
  return two_sum(product, low, low);
}

double RowReader::sink(std::int64_t head) const {
  return options_.keys.empty() ? tensors_.sink(head) : -kInfinity;
}

const double* RowReader::q(std::int64_t b, std::int64_t row, std::int64_t head) const {
  const std::int64_t vector = (tensors_.first_row(b) + row) * problem_.num_q_heads + head;
  return decoded_.q.data() + vector * problem_.head_dim_qk;
}

const double* RowReader::k(std::int64_t b, std::int64_t kv_head, std::int64_t key) const {
  const std::int64_t vector = (tensors_.first_key(b) + key) * problem_.num_kv_heads + kv_head;
  return decoded_.k.data() + vector * problem_.head_dim_qk;
}

const double* RowReader::v(std::int64_t b, std::int64_t kv_head, std::int64_t key) const {
  if (problem_.v_is_k_prefix) return k(b, kv_head, key);
  const std::int64_t vector = (tensors_.first_key(b) + key) * problem_.num_kv_heads + kv_head;
  return decoded_.v.data() + vector * problem_.head_dim_v;
}

std::int64_t RowReader::k_stride() const { return problem_.num_kv_heads * problem_.head_dim_qk; }

std::int64_t RowReader::v_stride() const {
  return problem_.v_is_k_prefix ? k_stride() : problem_.num_kv_heads * problem_.head_dim_v;
}

RowShape RowReader::shape(std::int64_t b, std::int64_t head) const {
  const double sink_logit = sink(head);
  const bool has_sink = sink_logit != -kInfinity;
  return {.head_dim_qk = problem_.head_dim_qk,
          .scale = problem_.scale,
          .operand_scale = std::abs(tensors_.q_scale(b, head) * tensors_.k_scale(b, head)),
          .q_scale = std::abs(tensors_.q_scale(b, head)),
          .k_scale = std::abs(tensors_.k_scale(b, head)),
          .v_scale = tensors_.v_scale(b, head),
          .num_scales = count_scales(problem_),
          .softcap = problem_.softcap,
          .has_sink = has_sink,
          .sink = has_sink ? sink_logit : 0};
}

bool RowReader::read(std::int64_t b, std::int64_t row, std::int64_t head, BoundInput& input) {
  const std::int64_t dim = problem_.head_dim_qk;
  const std::int64_t kv_head = tensors_.kv_head(head);
  const problem::Range keys = range(b, row);
  const bool with_additions = has_additions(b);
  const bool with_sizes = !problem_.alibi_slopes.empty() || problem_.bias != problem::Bias::kNone;
  if (with_additions) {
    const auto size = static_cast<std::size_t>(keys.end);
    sum_.resize(size);
    low_.resize(size);
    size_.resize(size);
    additions(b, row, head, sum_.data(), low_.data(), size_.data());
  }
  double factor_low = 0;
  const double scale = factor(b, head, factor_low);
  const double cap = problem_.softcap;
  const double* const query = q(b, row, head);

  for (auto* array : {&s_, &abs_s_, &squares_, &extra_, &t_, &p_, &v_}) array->clear();
  keys_.clear();
  double sum_abs_k = 0;
  bool finite = true;
  const double v_scale = tensors_.v_scale(b, head);
  for (std::int64_t j = keys.begin; j < keys.end; ++j) {
    const double extra = with_additions ? sum_[static_cast<std::size_t>(j)] : 0;
    if (extra == -kInfinity) continue;
    const double* const key = k(b, kv_head, j);
    double dot = 0, size = 0, square = 0;
    for (std::int64_t d = 0; d < dim; ++d) {
      const double term = query[d] * key[d];
      dot += term;
      size += std::abs(term);
      square += term * term;
    }
    keys_.push_back(j);
    s_.push_back(dot * scale);
    abs_s_.push_back(size * std::abs(scale));
    squares_.push_back(square * scale * scale);
    if (with_sizes) extra_.push_back(size_[static_cast<std::size_t>(j)]);
    const double capped = cap > 0 ? cap * functions::tanh(s_.back() / cap) : s_.back();
    t_.push_back(capped + extra);
    sum_abs_k = std::max(sum_abs_k, sum_of_magnitudes(key, dim));
    finite = finite && std::isfinite(abs_s_.back()) && std::isfinite(t_.back());
    const double* const value = v(b, kv_head, j);
    for (std::int64_t d = 0; d < problem_.head_dim_v; ++d) v_.push_back(value[d] * v_scale);
  }

  input.shape = shape(b, head);
  input.shape.sum_abs_q =
      sum_of_magnitudes(query, dim) * std::max(1.0, std::abs(tensors_.q_scale(b, head)));
  input.shape.sum_abs_k = sum_abs_k * std::max(1.0, std::abs(tensors_.k_scale(b, head)));
  input.head_dim_v = problem_.head_dim_v;
  input.s = s_;
  input.abs_s = abs_s_;
  input.squares = squares_;
  input.extra = extra_;
  input.t = t_;
  input.keys = keys_;
  input.v = v_;
  return finite;
}

void RowReader::set_lse(double lse, BoundInput& input) {
  for (const double t : t_) p_.push_back(functions::exp(std::min(0.0, t - lse)));
  input.p = p_;
  input.shape.lse = lse;
}

}  // namespace attest::oracle
