#include "oracle/gradient_row.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "oracle/functions.h"
#include "oracle/visible.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

using problem::Problem;

/// A stored number and a meant one differ by at most this factor.
double gain_of(const problem::Scales& scales) {
  double gain = 1;
  for (const double scale : scales) gain = std::max({gain, std::abs(scale), inverse_gain(scale)});
  return gain;
}

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

double finite_or_nan(const Reference& x) { return x.kind == Kind::kFinite ? x.value : kNaN; }

double weight(double t, double lse) { return std::isnan(lse) ? kNaN : functions::exp(t - lse); }

}  // namespace

double inverse_gain(double x) { return x == 0 ? 1 : std::max(1.0, 1 / std::abs(x)); }

void GradientRow::resize(std::size_t n) {
  for (std::vector<double>* member :
       {&s, &abs_s, &extra, &t, &p, &d_p, &abs_d_p, &x, &d_t, &capped, &cap_slope, &d_s}) {
    member->resize(n);
  }
}

GradientRowReader::GradientRowReader(const Problem& problem, const problem::Inputs& inputs,
                                     const Upstream& upstream, const Expected& forward)
    : problem_(problem), upstream_(upstream), forward_(forward), x_(problem, inputs) {
  RowShape& shape = row_.shape;
  shape.head_dim_qk = problem.head_dim_qk;
  shape.scale = problem.scale;
  shape.num_scales = (problem.q_scale.empty() ? 0 : 1) + (problem.k_scale.empty() ? 0 : 1) +
                     (problem.v_scale.empty() ? 0 : 1);
  shape.softcap = problem.softcap;
  shape.has_extra = !problem.alibi_slopes.empty() || problem.bias != problem::Bias::kNone;
  row_.head_dim_v = problem.head_dim_v;
  row_.gain = gain_of(problem.q_scale) * gain_of(problem.k_scale) * gain_of(problem.v_scale);
}

void GradientRowReader::load_keys(std::int64_t b, std::int64_t kv_head) {
  const std::int64_t head = kv_head * problem_.group();
  const double k_scale = x_.k_scale(b, head);
  const double v_scale = x_.v_scale(b, head);
  k_.clear();
  v_.clear();
  for (std::int64_t j = 0; j < problem_.sequences[static_cast<std::size_t>(b)].kv_len; ++j) {
    for (std::int64_t d = 0; d < problem_.head_dim_qk; ++d)
      k_.push_back(k_scale * x_.k(b, head, j, d));
    for (std::int64_t d = 0; d < problem_.head_dim_v; ++d)
      v_.push_back(v_scale * x_.v(b, head, j, d));
  }
}

bool GradientRowReader::read(std::int64_t b, std::int64_t head, std::int64_t row) {
  load_row(b, head, row);
  const double sink = x_.sink(head);
  if (keys_.empty() && sink == -kInfinity) return false;
  RowShape& shape = row_.shape;
  shape.has_sink = sink != -kInfinity;
  shape.sink = shape.has_sink ? sink : 0;
  score_keys(b, head, row);
  weigh_keys();
  return true;
}

void GradientRowReader::load_row(std::int64_t b, std::int64_t head, std::int64_t row) {
  flat_row_ = (x_.first_row(b) + row) * problem_.num_q_heads + head;
  const double q_scale = x_.q_scale(b, head);
  const double k_scale = x_.k_scale(b, head);
  q_.clear();
  d_o_.clear();
  for (std::int64_t d = 0; d < problem_.head_dim_qk; ++d)
    q_.push_back(q_scale * x_.q(b, head, row, d));
  const std::int64_t lanes = problem_.head_dim_v;
  for (std::int64_t d = 0; d < lanes; ++d)
    d_o_.push_back(upstream_.o.value(static_cast<std::size_t>(flat_row_ * lanes + d)));

  keys_.clear();
  const auto [first, last] = visible_range(problem_, b, row);
  for (std::int64_t j = first; j < last; ++j) {
    if (x_.bias(b, head, row, j) == -kInfinity || !visible(problem_, b, row, j)) continue;
    keys_.push_back(j);
  }
  row_.resize(keys_.size());
  row_.fold = inverse_gain(problem_.scale) * std::max(inverse_gain(q_scale), inverse_gain(k_scale));
  row_.shape.operand_scale = std::abs(q_scale * k_scale);
  row_.shape.v_scale = x_.v_scale(b, head);
}

void GradientRowReader::score_keys(std::int64_t b, std::int64_t head, std::int64_t row) {
  RowShape& shape = row_.shape;
  shape.count = static_cast<double>(keys_.size()) + (shape.has_sink ? 1 : 0);
  shape.span = shape.count;
  shape.sum_abs_q = sum_abs(q_.data(), problem_.head_dim_qk) * row_.gain;
  shape.sum_abs_k = shape.max_abs_s = shape.max_size = shape.max_extra = 0;
  shape.max_abs_t = std::abs(shape.sink);
  distance_.assign(keys_.size(), 0);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::int64_t j = keys_[i];
    const Dot s = dot(q_.data(), k(j), problem_.head_dim_qk);
    double t = problem_.scale * s.value;
    row_.s[i] = t;
    row_.abs_s[i] = std::abs(problem_.scale) * s.size;
    row_.capped[i] = 0;
    row_.cap_slope[i] = 1;
    if (problem_.softcap > 0) {
      const double capped = std::isfinite(t) ? functions::tanh(t / problem_.softcap) : kNaN;
      row_.capped[i] = capped;
      row_.cap_slope[i] = (1 - capped) * (1 + capped);
      t = problem_.softcap * capped;
    }
    row_.extra[i] = 0;
    if (!problem_.alibi_slopes.empty()) {
      distance_[i] = std::abs(
          static_cast<double>(query_position(problem_, b, row) - key_position(problem_, b, j)));
      const double term = x_.alibi_slope(head) * distance_[i];
      t -= term;
      row_.extra[i] += std::abs(term);
    }
    const double bias = x_.bias(b, head, row, j);
    t += bias;
    row_.extra[i] += std::abs(bias);
    row_.t[i] = t;
    shape.sum_abs_k = std::max(shape.sum_abs_k, sum_abs(k(j), problem_.head_dim_qk) * row_.gain);
    shape.max_abs_s = std::max(shape.max_abs_s, std::abs(row_.s[i]));
    shape.max_size = std::max(shape.max_size, row_.abs_s[i]);
    shape.max_extra = std::max(shape.max_extra, row_.extra[i]);
    shape.max_abs_t = std::max(shape.max_abs_t, std::abs(t));
  }
}

void GradientRowReader::weigh_keys() {
  const auto flat = static_cast<std::size_t>(flat_row_);
  const std::int64_t lanes = problem_.head_dim_v;
  // One score that is no number, and nothing is known about the row.
  double lse = finite_or_nan(forward_.lse[flat]);
  for (const double t : row_.t) lse = std::isfinite(t) ? lse : kNaN;
  row_.shape.lse = lse;

  row_.sum_o = row_.abs_sum_o = 0;
  for (std::size_t d = 0; d < d_o_.size(); ++d) {
    const double term = d_o_[d] * finite_or_nan(forward_.o[flat * d_o_.size() + d]);
    row_.sum_o += term;
    row_.abs_sum_o += std::abs(term);
  }
  row_.d_lse = upstream_.lse.size() == 0 ? 0 : upstream_.lse.value(flat);
  row_.delta = row_.sum_o - row_.d_lse;
  row_.sum_abs_do = sum_abs(d_o_.data(), lanes);
  row_.sum_abs_v = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const Dot d_p = dot(d_o_.data(), v(keys_[i]), lanes);
    row_.sum_abs_v = std::max(row_.sum_abs_v, sum_abs(v(keys_[i]), lanes));
    row_.p[i] = weight(row_.t[i], lse);
    row_.d_p[i] = d_p.value;
    row_.abs_d_p[i] = d_p.size;
    row_.x[i] = d_p.value - row_.delta;
    row_.d_t[i] = row_.p[i] * row_.x[i];
    row_.d_s[i] = row_.d_t[i] * row_.cap_slope[i];
  }
  row_.p_sink = row_.shape.has_sink ? weight(row_.shape.sink, lse) : 0;
}

}  // namespace attest::oracle
