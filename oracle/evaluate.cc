#include "oracle/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>

#include "oracle/inner_loops.h"
#include "oracle/visible.h"

namespace attest::oracle {
namespace {

using Index = std::ptrdiff_t;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t size_of_product(std::int64_t a, std::int64_t b, std::int64_t c = 1) {
  return static_cast<std::size_t>(a * b * c);
}

int count_scales(const problem::Problem& problem) {
  return (problem.q_scale.empty() ? 0 : 1) + (problem.k_scale.empty() ? 0 : 1) +
         (problem.v_scale.empty() ? 0 : 1) + (problem.o_scale ? 1 : 0);
}

Reference finite(long double value, double ball, double bound) {
  return {.value = value, .ball = ball, .bound = bound, .kind = Kind::kFinite};
}

}  // namespace

template <typename Real>
Evaluator<Real>::Evaluator(const problem::Problem& problem, const problem::Inputs& inputs,
                           const problem::Numerics& numerics, const ExpectOptions& options)
    : problem_(problem),
      options_(options),
      inputs_(inputs),
      tensors_(problem, inputs),
      kernel_(arithmetic_of(numerics, problem.q_dtype, options.extra_merge_levels)),
      own_(reference_arithmetic<Real>()),
      with_sink_(options.keys.empty()),
      num_scales_(count_scales(problem)),
      q_(decode_all(inputs.q)),
      k_(decode_all(inputs.k)) {
  if (!problem.v_is_k_prefix) v_ = decode_all(inputs.v);
  const auto lanes = static_cast<std::size_t>(problem.head_dim_v);
  sum_.resize(lanes);
  exact_o_.resize(lanes);
  o_.resize(lanes);
}

template <typename Real>
void Evaluator<Real>::run(Expected& expected) {
  Reference* o = expected.o.data();
  Reference* lse = expected.lse.data();
  for (std::int64_t b = 0; b < problem_.batch(); ++b) {
    load_sequence(b);
    for (std::int64_t row = 0; row < problem_.sequences[static_cast<std::size_t>(b)].q_len; ++row) {
      find_row_keys(b, row);
      for (std::int64_t head = 0; head < problem_.num_q_heads; ++head) {
        evaluate(b, row, head, o, *lse);
        o += problem_.head_dim_v;
        ++lse;
      }
    }
  }
}

template <typename Real>
void Evaluator<Real>::load_sequence(std::int64_t b) {
  const std::int64_t heads = problem_.num_kv_heads;
  const std::int64_t qk = problem_.head_dim_qk;
  const std::int64_t vd = problem_.head_dim_v;
  kv_len_ = problem_.sequences[static_cast<std::size_t>(b)].kv_len;
  const std::int64_t panels = (kv_len_ + kPanel - 1) / kPanel;
  k_panels_.resize(size_of_product(heads, panels * kPanel, qk));
  v_by_head_.resize(size_of_product(heads, vd, kv_len_));
  sum_abs_k_.assign(size_of_product(heads, kv_len_), 0);
  if (kv_len_ == 0) return;
  for (std::int64_t head = 0; head < heads; ++head) {
    fill_panels(k_.data() + (tensors_.first_key(b) * heads + head) * qk, heads * qk, kv_len_, qk,
                k_panels_.data() + head * panels * kPanel * qk);
    double* const sum_abs = sum_abs_k_.data() + head * kv_len_;
    for (std::int64_t j = 0; j < kv_len_; ++j) {
      const std::int64_t vector = (tensors_.first_key(b) + j) * heads + head;
      const double* const k = k_.data() + vector * qk;
      for (std::int64_t d = 0; d < qk; ++d) sum_abs[j] += std::abs(k[d]);
      const double* const v = problem_.v_is_k_prefix ? k : v_.data() + vector * vd;
      std::copy_n(v, vd, v_by_head_.data() + (head * kv_len_ + j) * vd);
    }
  }
}

template <typename Real>
void Evaluator<Real>::find_row_keys(std::int64_t b, std::int64_t row) {
  std::tie(range_first_, range_last_) = visible_range(problem_, b, row);
  if (!options_.keys.empty()) {
    const problem::Range& part = options_.keys[static_cast<std::size_t>(b)];
    range_first_ = std::max(range_first_, part.begin);
    range_last_ = std::max(range_first_, std::min(range_last_, part.end));
  }
  row_keys_.clear();
  distance_.clear();
  const bool alibi = !problem_.alibi_slopes.empty();
  const std::int64_t p = alibi ? query_position(problem_, b, row) : 0;
  for (std::int64_t j = range_first_; j < range_last_; ++j) {
    if (!visible(problem_, b, row, j)) continue;
    row_keys_.push_back(j);
    if (alibi) distance_.push_back(std::abs(static_cast<double>(p - key_position(problem_, b, j))));
  }
}

template <typename Real>
void Evaluator<Real>::dot_products(const double* q, std::int64_t kv_head) {
  const Index dim = problem_.head_dim_qk;
  const Index panels = (kv_len_ + kPanel - 1) / kPanel;
  const Index first = range_first_ / kPanel;
  const Index count = std::max<Index>(0, (range_last_ + kPanel - 1) / kPanel - first);
  dot_.resize(static_cast<std::size_t>(count * kPanel));
  abs_dot_.resize(dot_.size());
  dot_panels(q, dim, k_panels_.data() + (kv_head * panels + first) * dim * kPanel, count,
             dot_.data(), abs_dot_.data());
  sum_abs_q_ = 0;
  for (Index d = 0; d < dim; ++d) sum_abs_q_ += std::abs(q[d]);
}

template <typename Real>
bool Evaluator<Real>::score_keys(std::int64_t b, std::int64_t row, std::int64_t head) {
  const std::int64_t kv_head = tensors_.kv_head(head);
  const double q_scale = tensors_.q_scale(b, head);
  const double k_scale = tensors_.k_scale(b, head);
  const Real factor =
      static_cast<Real>(problem_.scale) * static_cast<Real>(q_scale) * static_cast<Real>(k_scale);
  const double abs_factor = std::abs(static_cast<double>(factor));
  const auto cap = static_cast<Real>(problem_.softcap);
  const auto slope = static_cast<Real>(tensors_.alibi_slope(head));
  const bool alibi = !problem_.alibi_slopes.empty();
  const bool biased = problem_.bias != problem::Bias::kNone;

  const double* const q =
      q_.data() +
      ((tensors_.first_row(b) + row) * problem_.num_q_heads + head) * problem_.head_dim_qk;
  dot_products(q, kv_head);
  keys_.clear();
  s_.clear();
  abs_s_.clear();
  bias_.clear();
  t_.clear();
  exact_t_.clear();
  max_sum_abs_k_ = 0;
  bool all_finite = true;
  for (std::size_t i = 0; i < row_keys_.size(); ++i) {
    const std::int64_t j = row_keys_[i];
    const double bias = biased ? tensors_.bias(b, head, row, j) : 0;
    if (bias == -kInfinity) continue;
    const auto at = static_cast<std::size_t>(j - range_first_ / kPanel * kPanel);
    const Real s = dot_[at] * factor;
    Real t = s;
    double size = 0;
    if (cap > 0) t = cap * std::tanh(t / cap);
    if (alibi) {
      const Real term = slope * static_cast<Real>(distance_[i]);
      t -= term;
      size += std::abs(static_cast<double>(term));
    }
    if (biased) {
      t += static_cast<Real>(bias);
      size += std::abs(bias);
    }
    keys_.push_back(j);
    s_.push_back(static_cast<double>(s));
    abs_s_.push_back(abs_dot_[at] * abs_factor);
    if (alibi || biased) bias_.push_back(size);
    t_.push_back(static_cast<double>(t));
    exact_t_.push_back(t);
    max_sum_abs_k_ =
        std::max(max_sum_abs_k_, sum_abs_k_[static_cast<std::size_t>(kv_head * kv_len_ + j)]);
    all_finite = all_finite && std::isfinite(abs_s_.back()) && std::isfinite(t_.back());
  }
  sum_abs_q_ *= std::max(1.0, std::abs(q_scale));
  max_sum_abs_k_ *= std::max(1.0, std::abs(k_scale));
  return all_finite;
}

template <typename Real>
void Evaluator<Real>::weigh_values(std::int64_t b, std::int64_t head) {
  const double sink = with_sink_ ? tensors_.sink(head) : -kInfinity;
  Real shift = static_cast<Real>(sink);
  for (const Real& t : exact_t_) shift = std::max(shift, t);
  Real l = sink == -kInfinity ? Real(0) : std::exp(static_cast<Real>(sink) - shift);
  const std::size_t n = keys_.size();
  weight_.resize(n);
  p_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    weight_[i] = std::exp(exact_t_[i] - shift);
    l += weight_[i];
  }
  exact_lse_ = shift + std::log(l);
  const Real inverse = 1 / l;
  for (std::size_t i = 0; i < n; ++i) p_[i] = static_cast<double>(weight_[i] * inverse);

  const Index lanes = problem_.head_dim_v;
  const double* const v = v_by_head_.data() + tensors_.kv_head(head) * kv_len_ * lanes;
  weigh_rows(weight_.data(), keys_, v, lanes, sum_.data());
  const double scale = tensors_.v_scale(b, head);
  for (std::size_t d = 0; d < sum_.size(); ++d) {
    exact_o_[d] = sum_[d] * static_cast<Real>(scale) / l;
    o_[d] = static_cast<double>(exact_o_[d]);
  }
  // The bound reads values key by key; only rows that skip keys, or scaled values, need a copy.
  visible_v_.clear();
  const bool contiguous = keys_.back() - keys_.front() + 1 == static_cast<std::int64_t>(n);
  if (contiguous && scale == 1) return;
  for (const std::int64_t j : keys_) {
    for (Index d = 0; d < lanes; ++d) visible_v_.push_back(v[j * lanes + d] * scale);
  }
}

template <typename Real>
void Evaluator<Real>::evaluate(std::int64_t b, std::int64_t row, std::int64_t head, Reference* o,
                               Reference& lse) {
  const bool finite_scores = score_keys(b, row, head);
  const double sink = with_sink_ ? tensors_.sink(head) : -kInfinity;
  if (!finite_scores || (!std::isfinite(sink) && sink != -kInfinity)) {
    judge_structure(b, row, head, o, &lse);
    return;
  }
  if (keys_.empty()) {
    std::fill_n(o, problem_.head_dim_v, finite(0, 0, 0));
    if (sink == -kInfinity) {
      lse = {.kind = Kind::kMinusInf};
      return;
    }
    std::fill(exact_o_.begin(), exact_o_.end(), Real(0));
    std::fill(o_.begin(), o_.end(), 0.0);
    visible_v_.clear();
    p_.clear();
    exact_lse_ = static_cast<Real>(sink);
  } else {
    weigh_values(b, head);
  }
  judge(b, row, head, o, lse);
}

template <typename Real>
void Evaluator<Real>::judge(std::int64_t b, std::int64_t row, std::int64_t head, Reference* o,
                            Reference& lse) {
  const auto lanes = static_cast<std::size_t>(problem_.head_dim_v);
  const std::size_t n = keys_.size();
  std::span<const double> v = visible_v_;
  if (v.empty() && n > 0) {
    v = std::span(v_by_head_)
            .subspan(
                static_cast<std::size_t>(tensors_.kv_head(head) * kv_len_ + keys_.front()) * lanes,
                n * lanes);
  }
  const double sink = with_sink_ ? tensors_.sink(head) : -kInfinity;
  const BoundInput input{
      .head_dim_qk = problem_.head_dim_qk,
      .head_dim_v = problem_.head_dim_v,
      .q_dtype = problem_.q_dtype,
      .scale = problem_.scale,
      .operand_scale = std::abs(tensors_.q_scale(b, head) * tensors_.k_scale(b, head)),
      .v_scale = tensors_.v_scale(b, head),
      .num_scales = num_scales_,
      .softcap = problem_.softcap,
      .has_sink = sink != -kInfinity,
      .sink = sink == -kInfinity ? 0 : sink,
      .sum_abs_q = sum_abs_q_,
      .sum_abs_k = max_sum_abs_k_,
      .s = s_,
      .abs_s = abs_s_,
      .bias = bias_,
      .t = t_,
      .p = p_,
      .v = v,
      .o = o_,
      .lse = static_cast<double>(exact_lse_)};
  row_bounds(input, kernel_, own_, scratch_, bound_, ball_);

  bool lanes_finite = true;
  for (std::size_t d = 0; d < lanes; ++d) {
    lanes_finite = lanes_finite && std::isfinite(o_[d]);
    o[d] = finite(static_cast<long double>(exact_o_[d]), ball_.o[d], bound_.o[d]);
  }
  lse = finite(static_cast<long double>(exact_lse_), ball_.lse, bound_.lse);
  if (!lanes_finite) judge_structure(b, row, head, o, nullptr);
}

template <typename Real>
void Evaluator<Real>::judge_structure(std::int64_t b, std::int64_t row, std::int64_t head,
                                      Reference* o, Reference* lse) {
  const bool whole_row = lse != nullptr;
  const Row<long double> exact = precise_row(problem_, inputs_, b, head, row, options_);
  // A visible score of -infinity: 0 / 0 or 0 * infinity by the formula, while many kernels pass
  // over such a key like over a hidden one. The row decides nothing.
  const bool undefined = whole_row && std::find(t_.begin(), t_.end(), -kInfinity) != t_.end();
  const auto reference = [&](long double value) {
    if (std::isfinite(value) || undefined)
      return finite(std::isfinite(value) ? value : 0, 0, kInfinity);
    return Reference{.kind = std::isnan(value) ? Kind::kNaN : Kind::kNonFinite};
  };
  for (std::size_t d = 0; d < o_.size(); ++d) {
    if (whole_row || !std::isfinite(o_[d])) o[d] = reference(exact.o[d]);
  }
  if (whole_row) *lse = reference(exact.lse);
}

template class Evaluator<double>;
template class Evaluator<long double>;

}  // namespace attest::oracle
