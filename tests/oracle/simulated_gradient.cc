#include "tests/oracle/simulated_gradient.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "oracle/logical_tensors.h"
#include "oracle/visible.h"
#include "problem/special_values.h"
#include "tests/oracle/gradient_machine.h"
#include "tests/oracle/gradient_terms.h"
#include "tests/oracle/simulated/constants.h"

namespace attest::tests {

using problem::Problem;

namespace {

template <typename T>
class GradientSimulator {
 public:
  GradientSimulator(const RandomCase& c, const oracle::Upstream& upstream,
                    const oracle::Expected& forward, const GradientStyle& style, Random& random)
      : p_(c.problem),
        upstream_(upstream),
        forward_(forward),
        style_(style),
        random_(random),
        machine_(style, random),
        x_(c.problem, c.inputs) {
    scale_ = static_cast<T>(p_.scale * (style.defect == Defect::kWrongScale ? 1.02 : 1.0));
    const auto zeroes = [](std::int64_t count) {
      return std::vector<double>(static_cast<std::size_t>(count), 0.0);
    };
    result_ = {.q = zeroes(p_.total_q() * p_.num_q_heads * p_.head_dim_qk),
               .k = zeroes(p_.total_kv() * p_.num_kv_heads * p_.head_dim_qk),
               .v = zeroes(p_.v_is_k_prefix ? 0 : p_.total_kv() * p_.num_kv_heads * p_.head_dim_v),
               .bias = zeroes(static_cast<std::int64_t>(c.inputs.bias.size())),
               .sink = zeroes(static_cast<std::int64_t>(p_.sinks.size())),
               .slope = zeroes(static_cast<std::int64_t>(p_.alibi_slopes.size()))};
  }

  oracle::Gradients<double> run();

 private:
  struct Saved {
    std::vector<T> o;
    T lse;
  };
  Saved saved_row(std::size_t flat_row, std::int64_t head);
  void load(std::int64_t b);
  void add_row(std::int64_t b, std::int64_t head, std::int64_t row);
  T probability(T t, T lse);
  T round_p(T x) { return machine_.store(x, style_.p_dtype); }
  /// No matrix product, and so by no matrix unit.
  T total(const std::vector<T>& terms) {
    const TermOrder order =
        style_.sums == TermOrder::kTensorCore ? TermOrder::kShuffled : style_.sums;
    return machine_.split_dot(terms, std::vector<T>(terms.size(), T(1)), order);
  }
  void finish_keys(std::int64_t b);

  const Problem& p_;
  const oracle::Upstream& upstream_;
  const oracle::Expected& forward_;
  const GradientStyle& style_;
  Random& random_;
  GradientMachine<T> machine_;
  const oracle::LogicalTensors x_;
  T scale_;
  oracle::Gradients<double> result_;

  // One sequence; K and V as they enter products, per KV head and key.
  std::vector<std::vector<T>> k_, v_;
  std::vector<std::vector<T>> q_, d_o_;  ///< per row and head
  std::vector<GradientTerms<T>> k_terms_, v_terms_;
  std::vector<std::vector<T>> sink_terms_, slope_terms_;  ///< per head, over the whole batch
  std::vector<std::vector<T>> bias_terms_;
};

template <typename T>
typename GradientSimulator<T>::Saved GradientSimulator<T>::saved_row(std::size_t flat_row,
                                                                     std::int64_t head) {
  const auto off = [&](const oracle::Reference& x) {
    const double sign = style_.saved_biased ? 1 : random_.uniform(-1, 1);
    const double error = std::isfinite(x.bound) ? x.bound - x.ball : 0;
    return x.value + sign * style_.saved_reach * std::max(0.0, error);
  };
  Saved saved{};
  const auto lanes = static_cast<std::size_t>(p_.head_dim_v);
  for (std::size_t d = 0; d < lanes; ++d) {
    const double o = off(forward_.o[flat_row * lanes + d]);
    saved.o.push_back(static_cast<T>(problem::round_to(p_.o_dtype, o)));
  }
  double lse = off(forward_.lse[flat_row]);
  if (style_.defect == Defect::kNoSinkInLse && !p_.sinks.empty()) {
    lse += std::log1p(-std::exp(std::min(-1e-9, x_.sink(head) - lse)));
  }
  saved.lse = static_cast<T>(lse);
  return saved;
}

template <typename T>
void GradientSimulator<T>::load(std::int64_t b) {
  const auto times = [&](double x, double scale) {
    return style_.scales_per_lane ? machine_.mul(static_cast<T>(x), static_cast<T>(scale))
                                  : static_cast<T>(x);
  };
  const problem::Sequence& s = p_.sequences[static_cast<std::size_t>(b)];
  k_.assign(static_cast<std::size_t>(p_.num_kv_heads * s.kv_len), {});
  v_ = k_;
  k_terms_.assign(k_.size(), {});
  v_terms_ = k_terms_;
  for (std::size_t i = 0; i < k_.size(); ++i) {
    const std::int64_t head = static_cast<std::int64_t>(i) / s.kv_len * p_.group();
    const std::int64_t j = static_cast<std::int64_t>(i) % s.kv_len;
    for (std::int64_t d = 0; d < p_.head_dim_qk; ++d)
      k_[i].push_back(times(x_.k(b, head, j, d), x_.k_scale(b, head)));
    for (std::int64_t d = 0; d < p_.head_dim_v; ++d)
      v_[i].push_back(times(x_.v(b, head, j, d), x_.v_scale(b, head)));
  }
  q_.assign(static_cast<std::size_t>(s.q_len * p_.num_q_heads), {});
  d_o_ = q_;
  for (std::size_t i = 0; i < q_.size(); ++i) {
    const std::int64_t row = static_cast<std::int64_t>(i) / p_.num_q_heads;
    const std::int64_t head = static_cast<std::int64_t>(i) % p_.num_q_heads;
    for (std::int64_t d = 0; d < p_.head_dim_qk; ++d) {
      T q = times(x_.q(b, head, row, d), x_.q_scale(b, head));
      if (style_.scaling == GradientScaling::kQuery) q = machine_.mul(q, scale_);
      if (style_.q_prescaled) q = machine_.store(q, p_.q_dtype);
      q_[i].push_back(q);
    }
    const std::size_t flat = static_cast<std::size_t>(x_.first_row(b) * p_.num_q_heads) + i;
    for (std::int64_t d = 0; d < p_.head_dim_v; ++d) {
      d_o_[i].push_back(static_cast<T>(upstream_.o.value(
          flat * static_cast<std::size_t>(p_.head_dim_v) + static_cast<std::size_t>(d))));
    }
  }
}

template <typename T>
T GradientSimulator<T>::probability(T t, T lse) {
  if (style_.saved_softmax) {  // some maximum and 1 / l that belong to this lse
    const T max = lse - T(0.25);
    const auto inverse =
        static_cast<T>(std::exp(static_cast<double>(max) - static_cast<double>(lse)));
    return machine_.mul(machine_.exp(machine_.add(t, -max)), inverse);
  }
  if (style_.scaling != GradientScaling::kExp2) return machine_.exp(machine_.add(t, -lse));
  const T log2e = static_cast<T>(kLog2E<double>);
  return machine_.exp2(machine_.fma(t, log2e, -machine_.mul(lse, log2e)));
}

template <typename T>
void GradientSimulator<T>::add_row(std::int64_t b, std::int64_t head, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row * p_.num_q_heads + head);
  const std::size_t flat = static_cast<std::size_t>(x_.first_row(b) * p_.num_q_heads) + at;
  if (forward_.lse[flat].kind != oracle::Kind::kFinite) return;
  const Saved saved = saved_row(flat, head);
  const std::int64_t kv_len = p_.sequences[static_cast<std::size_t>(b)].kv_len;
  const bool query_scaled = style_.scaling == GradientScaling::kQuery;
  const T q_scale = static_cast<T>(style_.scales_per_lane ? 1 : x_.q_scale(b, head));
  const T k_scale = static_cast<T>(style_.scales_per_lane ? 1 : x_.k_scale(b, head));
  const T v_scale = static_cast<T>(style_.scales_per_lane ? 1 : x_.v_scale(b, head));
  const T factor = machine_.mul(query_scaled ? T(1) : scale_, q_scale * k_scale);

  std::vector<std::size_t> keys;
  std::vector<T> p, d_p, cap_slope, distances;
  for (std::int64_t j = 0; j < kv_len; ++j) {
    const double bias = x_.bias(b, head, row, j);
    if (bias == -kInfinity || !oracle::visible(p_, b, row, j)) continue;
    const auto key = static_cast<std::size_t>(x_.kv_head(head) * kv_len + j);
    T t = machine_.mul(machine_.dot(q_[at], k_[key], style_.dot), factor);
    t = machine_.store(t, style_.score_dtype);
    T slope = 1;
    if (p_.softcap > 0) {
      const T cap = static_cast<T>(p_.softcap);
      T capped = machine_.tanh(machine_.div(t, cap));
      t = machine_.mul(cap, capped);
      if (style_.tanh_from_score) capped = machine_.mul(t, 1 / cap);
      slope = machine_.add(1, -machine_.mul(capped, capped));
    }
    const std::int64_t offset = oracle::query_position(p_, b, row) - oracle::key_position(p_, b, j);
    distances.push_back(static_cast<T>(std::abs(offset)));
    if (!p_.alibi_slopes.empty()) {
      t = machine_.add(t, -machine_.mul(static_cast<T>(x_.alibi_slope(head)), distances.back()));
    }
    if (p_.bias != problem::Bias::kNone) t = machine_.add(t, static_cast<T>(bias));
    keys.push_back(key);
    p.push_back(probability(t, saved.lse));
    const T dot = machine_.dot(d_o_[at], v_[key], style_.dot);
    d_p.push_back(machine_.store(machine_.mul(dot, v_scale), style_.score_dtype));
    cap_slope.push_back(style_.defect == Defect::kNoCapSlope ? T(1) : slope);
  }

  T delta = style_.delta_from_p ? machine_.dot(p, d_p, style_.sums)
                                : machine_.dot(d_o_[at], saved.o, style_.dot);
  T d_lse = upstream_.lse.size() == 0 ? T(0) : static_cast<T>(upstream_.lse.value(flat));
  if (style_.defect == Defect::kNoLseGradient) d_lse = 0;
  if (style_.defect == Defect::kNoDelta) delta = 0;
  const T whole_delta = machine_.add(delta, -d_lse);

  GradientTerms<T> q_terms;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const T x = style_.lse_gradient_apart ? machine_.add(machine_.add(d_p[i], -delta), d_lse)
                                          : machine_.add(d_p[i], -whole_delta);
    const T d_t = machine_.mul(p[i], x);
    T d_s = p_.softcap > 0 ? machine_.mul(d_t, cap_slope[i]) : d_t;
    if (!style_.scale_last && !query_scaled) d_s = machine_.mul(d_s, scale_);
    d_s = round_p(d_s);
    q_terms.add(d_s, k_[keys[i]], head);
    k_terms_[keys[i]].add(machine_.mul(d_s, q_scale), q_[at], head);
    v_terms_[keys[i]].add(round_p(p[i]), d_o_[at], head);
    if (!p_.alibi_slopes.empty()) {
      slope_terms_[static_cast<std::size_t>(head)].push_back(-machine_.mul(d_t, distances[i]));
    }
    if (p_.bias != problem::Bias::kNone) {
      const auto j = static_cast<std::int64_t>(keys[i]) - x_.kv_head(head) * kv_len;
      bias_terms_[x_.bias_index(b, head, row, j)].push_back(d_t);
    }
  }
  std::vector<T> d_q = add_up(q_terms, p_.head_dim_qk, style_, machine_);
  for (std::size_t d = 0; d < d_q.size(); ++d) {
    if (style_.scale_last || query_scaled) d_q[d] = machine_.mul(d_q[d], scale_);
    result_.q[flat * d_q.size() + d] = static_cast<double>(machine_.mul(d_q[d], k_scale));
  }
  const double sink = x_.sink(head);
  if (sink != -kInfinity && style_.defect != Defect::kNoSinkGradient) {
    const T p_sink = probability(static_cast<T>(sink), saved.lse);
    sink_terms_[static_cast<std::size_t>(head)].push_back(-machine_.mul(p_sink, whole_delta));
  }
}

template <typename T>
void GradientSimulator<T>::finish_keys(std::int64_t b) {
  const std::int64_t kv_len = p_.sequences[static_cast<std::size_t>(b)].kv_len;
  const bool scale_last = style_.scale_last && style_.scaling != GradientScaling::kQuery;
  for (std::size_t i = 0; i < k_terms_.size(); ++i) {
    const auto kv_head = static_cast<std::size_t>(static_cast<std::int64_t>(i) / kv_len);
    const auto j = static_cast<std::size_t>(x_.first_key(b)) + i % static_cast<std::size_t>(kv_len);
    const std::size_t vector = j * static_cast<std::size_t>(p_.num_kv_heads) + kv_head;
    std::vector<T> d_k = add_up(k_terms_[i], p_.head_dim_qk, style_, machine_);
    const std::vector<T> d_v = add_up(v_terms_[i], p_.head_dim_v, style_, machine_);
    for (T& x : d_k) x = scale_last ? machine_.mul(x, scale_) : x;
    for (std::size_t d = 0; d < d_v.size(); ++d) {
      if (!p_.v_is_k_prefix) result_.v[vector * d_v.size() + d] = static_cast<double>(d_v[d]);
      if (p_.v_is_k_prefix && style_.defect != Defect::kNoVShare)
        d_k[d] = machine_.add(d_k[d], d_v[d]);
    }
    for (std::size_t d = 0; d < d_k.size(); ++d)
      result_.k[vector * d_k.size() + d] = static_cast<double>(d_k[d]);
  }
}

template <typename T>
oracle::Gradients<double> GradientSimulator<T>::run() {
  sink_terms_.resize(static_cast<std::size_t>(p_.num_q_heads));
  slope_terms_.resize(sink_terms_.size());
  bias_terms_.resize(result_.bias.size());
  for (std::int64_t b = 0; b < p_.batch(); ++b) {
    load(b);
    for (std::int64_t head = 0; head < p_.num_q_heads; ++head) {
      for (std::int64_t row = 0; row < p_.sequences[static_cast<std::size_t>(b)].q_len; ++row) {
        add_row(b, head, row);
      }
    }
    finish_keys(b);
  }
  for (std::size_t i = 0; i < result_.bias.size(); ++i)
    result_.bias[i] = static_cast<double>(total(bias_terms_[i]));
  for (std::size_t i = 0; i < result_.sink.size(); ++i)
    result_.sink[i] = static_cast<double>(total(sink_terms_[i]));
  for (std::size_t i = 0; i < result_.slope.size(); ++i)
    result_.slope[i] = static_cast<double>(total(slope_terms_[i]));
  return result_;
}

}  // namespace

template <typename T>
oracle::Gradients<double> simulate_gradients(const RandomCase& c, const oracle::Upstream& upstream,
                                             const oracle::Expected& forward,
                                             const GradientStyle& style, Random& random) {
  return GradientSimulator<T>(c, upstream, forward, style, random).run();
}

template oracle::Gradients<double> simulate_gradients<float>(const RandomCase&,
                                                             const oracle::Upstream&,
                                                             const oracle::Expected&,
                                                             const GradientStyle&, Random&);
template oracle::Gradients<double> simulate_gradients<double>(const RandomCase&,
                                                              const oracle::Upstream&,
                                                              const oracle::Expected&,
                                                              const GradientStyle&, Random&);

}  // namespace attest::tests
