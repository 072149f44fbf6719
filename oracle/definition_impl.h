// Bodies of definition.h. Included by definition.cc and definition_mp.cc only.
// Written to be read next to docs/semantics.md: no blocking, no shortcuts.
#pragma once

#include <cmath>
#include <cstddef>

#include "oracle/definition.h"
#include "oracle/logical_tensors.h"
#include "oracle/visible.h"
#include "problem/special_values.h"

namespace attest::oracle {

template <typename Real>
Row<Real> attend_row(const problem::Problem& problem, const problem::Inputs& inputs, std::int64_t b,
                     std::int64_t head, std::int64_t row, std::optional<problem::Range> keys,
                     bool with_sink) {
  using std::abs, std::exp, std::isfinite, std::isnan, std::log, std::tanh;
  const Real infinity = kInfinity;
  const Real nan = kNaN;
  const LogicalTensors x(problem, inputs);
  const auto [first, last] = visible_range(problem, b, row);

  // Scores of the visible keys.
  std::vector<std::int64_t> seen;
  std::vector<Real> t;
  for (std::int64_t j = first; j < last; ++j) {
    if (keys && (j < keys->begin || j >= keys->end)) continue;
    if (!visible(problem, b, row, j)) continue;
    const double bias = x.bias(b, head, row, j);
    if (bias == -kInfinity) continue;

    Real score = 0;
    for (std::int64_t d = 0; d < problem.head_dim_qk; ++d) {
      score += Real(x.q(b, head, row, d)) * Real(x.k(b, head, j, d));
    }
    score *= Real(problem.scale) * Real(x.q_scale(b, head)) * Real(x.k_scale(b, head));
    if (problem.softcap > 0) {
      score = Real(problem.softcap) * tanh(score / Real(problem.softcap));
    }
    if (!problem.alibi_slopes.empty()) {
      const std::int64_t distance = query_position(problem, b, row) - key_position(problem, b, j);
      score -= Real(x.alibi_slope(head)) * Real(static_cast<double>(std::abs(distance)));
    }
    if (bias != 0) score += Real(bias);
    seen.push_back(j);
    t.push_back(score);
  }

  Row<Real> result;
  result.o.assign(static_cast<std::size_t>(problem.head_dim_v), Real(0));
  result.empty = seen.empty();
  const Real sink = with_sink ? Real(x.sink(head)) : -infinity;
  if (seen.empty()) {
    result.lse = sink;
    return result;
  }

  // The softmax does not change when every score is shifted by the largest.
  Real shift = sink;
  bool any_nan = false;
  for (const Real& score : t) {
    any_nan = any_nan || isnan(score);
    if (score > shift) shift = score;
  }
  if (any_nan || !isfinite(shift)) {  // infinity / infinity, 0 / 0, or NaN
    result.o.assign(result.o.size(), nan);
    result.lse = any_nan ? nan : shift;
    return result;
  }
  Real l = sink == -infinity ? Real(0) : Real(exp(sink - shift));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Real weight = exp(t[i] - shift);
    l += weight;
    for (std::size_t d = 0; d < result.o.size(); ++d) {
      result.o[d] += weight * Real(x.v(b, head, seen[i], static_cast<std::int64_t>(d)));
    }
  }
  for (Real& o : result.o) o = o * Real(x.v_scale(b, head)) / l;
  result.lse = shift + log(l);
  return result;
}

template <typename Real>
std::vector<Row<Real>> attend(const problem::Problem& problem, const problem::Inputs& inputs) {
  std::vector<Row<Real>> rows;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t row = 0; row < problem.sequences[static_cast<std::size_t>(b)].q_len; ++row) {
      for (std::int64_t head = 0; head < problem.num_q_heads; ++head) {
        rows.push_back(attend_row<Real>(problem, inputs, b, head, row));
      }
    }
  }
  return rows;
}

}  // namespace attest::oracle
