// The definition of attention, as one short template over the number type. Everything else is
// judged by it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "problem/inputs.h"
#include "problem/plan.h"
#include "problem/problem.h"

namespace attest::oracle {

/// Changes whenever the definition would give other results.
inline constexpr int kDefinitionVersion = 1;

/// One output row: a query row of one head. `o` [head_dim_v].
template <typename Real>
struct Row {
  std::vector<Real> o;
  Real lse{};         ///< natural log; -inf without a visible key (or the sink)
  bool empty = true;  ///< no visible key
};

/// Row `row` of sequence `b`, query head `head`, over keys `keys` (unset: all).
/// A sink takes part only when `with_sink` (a partial state of a split leaves it out).
/// Works on decoded inputs; o is not divided by o_scale.
template <typename Real>
Row<Real> attend_row(const problem::Problem& problem, const problem::Inputs& inputs, std::int64_t b,
                     std::int64_t head, std::int64_t row,
                     std::optional<problem::Range> keys = std::nullopt, bool with_sink = true);

/// All rows, [total_q, num_q_heads] row-major.
template <typename Real>
std::vector<Row<Real>> attend(const problem::Problem& problem, const problem::Inputs& inputs);

// Instantiated in definition.cc (double, long double) and definition_mp.cc (Mp).

}  // namespace attest::oracle
