// Bodies of gradient_definition.h. Included by gradient_definition.cc and gradient_definition_mp.cc
// only. Written to be read next to docs/gradients.md: no blocking, no shortcuts.
#pragma once

#include <cmath>
#include <cstddef>

#include "oracle/definition.h"
#include "oracle/gradient_definition.h"
#include "oracle/logical_tensors.h"
#include "oracle/visible.h"
#include "problem/special_values.h"

namespace attest::oracle {

/// Gradients of zeroes, of the shapes this problem has.
template <typename Value>
Gradients<Value> zero_gradients(const problem::Problem& problem) {
  const auto zeroes = [](std::int64_t vectors, std::int64_t dim) {
    return std::vector<Value>(static_cast<std::size_t>(vectors * dim), Value{});
  };
  std::int64_t biases = 0;
  for (const problem::Sequence& sequence : problem.sequences) {
    biases += sequence.q_len * sequence.kv_len;
  }
  if (problem.bias == problem::Bias::kNone) biases = 0;
  if (problem.bias == problem::Bias::kPerHead) biases *= problem.num_q_heads;
  return {.q = zeroes(problem.total_q() * problem.num_q_heads, problem.head_dim_qk),
          .k = zeroes(problem.total_kv() * problem.num_kv_heads, problem.head_dim_qk),
          .v = zeroes(problem.v_is_k_prefix ? 0 : problem.total_kv() * problem.num_kv_heads,
                      problem.head_dim_v),
          .bias = zeroes(biases, 1),
          .sink = zeroes(static_cast<std::int64_t>(problem.sinks.size()), 1),
          .slope = zeroes(static_cast<std::int64_t>(problem.alibi_slopes.size()), 1)};
}

/// Adds what one query row of one head contributes.
template <typename Real>
void differentiate_row(const problem::Problem& problem, const problem::Inputs& inputs,
                       const Upstream& upstream, std::int64_t b, std::int64_t head,
                       std::int64_t row, Gradients<Real>& gradients) {
  using std::abs, std::exp, std::isinf, std::tanh;
  const LogicalTensors x(problem, inputs);
  const Row<Real> forward = attend_row<Real>(problem, inputs, b, head, row);
  const double sink = x.sink(head);
  if (forward.empty && isinf(sink)) return;

  const std::int64_t lanes_qk = problem.head_dim_qk;
  const std::int64_t lanes_v = problem.head_dim_v;
  const std::int64_t flat_row = (x.first_row(b) + row) * problem.num_q_heads + head;
  const auto d_o = [&](std::int64_t d) {
    return Real(upstream.o.value(static_cast<std::size_t>(flat_row * lanes_v + d)));
  };

  // D: how the loss changes when all weights of the row grow by the same factor.
  Real delta = 0;
  if (upstream.lse.size() > 0)
    delta -= Real(upstream.lse.value(static_cast<std::size_t>(flat_row)));
  for (std::int64_t d = 0; d < lanes_v; ++d) {
    delta += d_o(d) * forward.o[static_cast<std::size_t>(d)];
  }
  if (!isinf(sink)) {
    gradients.sink[static_cast<std::size_t>(head)] -= Real(exp(Real(sink) - forward.lse)) * delta;
  }

  const Real scale_q = x.q_scale(b, head);
  const Real scale_k = x.k_scale(b, head);
  const Real scale_v = x.v_scale(b, head);
  const auto [first, last] = visible_range(problem, b, row);
  for (std::int64_t j = first; j < last; ++j) {
    if (!visible(problem, b, row, j)) continue;
    const double bias = x.bias(b, head, row, j);
    if (bias == -kInfinity) continue;

    // The score as in attend_row, and its slope over the scaled dot product.
    Real score = 0;
    for (std::int64_t d = 0; d < lanes_qk; ++d) {
      score += Real(x.q(b, head, row, d)) * Real(x.k(b, head, j, d));
    }
    score *= Real(problem.scale) * scale_q * scale_k;
    Real cap_slope = 1;
    if (problem.softcap > 0) {
      const Real capped = tanh(score / Real(problem.softcap));
      score = Real(problem.softcap) * capped;
      cap_slope = 1 - capped * capped;
    }
    const std::int64_t offset = query_position(problem, b, row) - key_position(problem, b, j);
    const Real distance = static_cast<double>(abs(offset));
    if (!problem.alibi_slopes.empty()) score -= Real(x.alibi_slope(head)) * distance;
    score += Real(bias);

    const Real p = exp(score - forward.lse);
    Real d_p = 0;
    for (std::int64_t d = 0; d < lanes_v; ++d) d_p += d_o(d) * scale_v * Real(x.v(b, head, j, d));
    const Real d_t = p * (d_p - delta);                      // score
    const Real d_s = d_t * cap_slope * Real(problem.scale);  // q . k

    const std::int64_t key = (x.first_key(b) + j) * problem.num_kv_heads + x.kv_head(head);
    for (std::int64_t d = 0; d < lanes_qk; ++d) {
      gradients.q[static_cast<std::size_t>(flat_row * lanes_qk + d)] +=
          d_s * scale_k * Real(x.k(b, head, j, d));
      gradients.k[static_cast<std::size_t>(key * lanes_qk + d)] +=
          d_s * scale_q * Real(x.q(b, head, row, d));
    }
    for (std::int64_t d = 0; d < lanes_v; ++d) {
      Real& d_v = problem.v_is_k_prefix ? gradients.k[static_cast<std::size_t>(key * lanes_qk + d)]
                                        : gradients.v[static_cast<std::size_t>(key * lanes_v + d)];
      d_v += p * d_o(d);
    }
    if (!problem.alibi_slopes.empty()) {
      gradients.slope[static_cast<std::size_t>(head)] -= d_t * distance;
    }
    if (problem.bias != problem::Bias::kNone) {
      gradients.bias[x.bias_index(b, head, row, j)] += d_t;
    }
  }
}

template <typename Real>
Gradients<Real> differentiate(const problem::Problem& problem, const problem::Inputs& inputs,
                              const Upstream& upstream) {
  check_shapes(problem, upstream);
  Gradients<Real> gradients = zero_gradients<Real>(problem);
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t row = 0; row < problem.sequences[static_cast<std::size_t>(b)].q_len; ++row) {
      for (std::int64_t head = 0; head < problem.num_q_heads; ++head) {
        differentiate_row<Real>(problem, inputs, upstream, b, head, row, gradients);
      }
    }
  }
  return gradients;
}

}  // namespace attest::oracle
