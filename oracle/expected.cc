#include "oracle/expected.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "oracle/evaluate.h"
#include "oracle/fpenv.h"
#include "oracle/functions.h"
#include "oracle/mp.h"
#include "oracle/state.h"
#include "problem/errors.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

/// The states of one row that are not empty.
struct RowStates {
  std::vector<double> lse;  ///< [num_states]
  std::vector<double> o;    ///< [num_states, lanes]
  bool finite = true;       ///< all lse are
};

RowStates states_of_row(std::size_t row, const std::vector<StateView>& states, std::size_t lanes) {
  RowStates found;
  for (const StateView& state : states) {
    const double lse = state.lse->value(row);
    if (lse == -kInfinity) continue;  // the identity, whatever its o holds
    found.lse.push_back(lse);
    found.finite = found.finite && std::isfinite(lse);
    for (std::size_t d = 0; d < lanes; ++d) found.o.push_back(state.o->value(row * lanes + d));
  }
  return found;
}

/// One merged row, o and lse as pairs of doubles.
struct MergedRow {
  std::vector<double> o, o_low;
  double lse = 0, lse_low = 0;
};

/// By the definition at 50 digits.
MergedRow merge_exactly(const RowStates& states, std::size_t lanes) {
  std::vector<Row<Mp>> rows;
  for (std::size_t s = 0; s < states.lse.size(); ++s) {
    Row<Mp> row{.o = {}, .lse = states.lse[s], .empty = false};
    for (std::size_t d = 0; d < lanes; ++d) row.o.emplace_back(states.o[s * lanes + d]);
    rows.push_back(std::move(row));
  }
  const Row<Mp> whole = merge<Mp>(rows);
  const auto split = [](const Mp& x, double& low) {
    const auto high = static_cast<double>(x);
    low = std::isfinite(high) ? static_cast<double>(Mp(x - high)) : 0;
    return high;
  };
  MergedRow merged;
  for (const Mp& o : whole.o) merged.o.push_back(split(o, merged.o_low.emplace_back()));
  merged.lse = split(whole.lse, merged.lse_low);
  return merged;
}

/// In double, for states whose lse are all finite.
MergedRow merge_in_double(const RowStates& states, std::size_t lanes) {
  double shift = -kInfinity;
  for (const double lse : states.lse) shift = std::max(shift, lse);
  MergedRow merged;
  merged.o.assign(lanes, 0);
  merged.o_low.assign(lanes, 0);
  double l = 0;
  for (std::size_t s = 0; s < states.lse.size(); ++s) {
    const double weight = functions::exp(states.lse[s] - shift);
    l += weight;
    for (std::size_t d = 0; d < lanes; ++d) merged.o[d] += weight * states.o[s * lanes + d];
  }
  for (double& o : merged.o) o /= l;
  merged.lse = shift + functions::log(l);
  return merged;
}

void merge_row(std::size_t row, const std::vector<StateView>& states, const Arithmetic& kernel,
               bool double_double, Reference* o, Reference& lse, std::size_t lanes) {
  const RowStates given = states_of_row(row, states, lanes);
  if (given.lse.empty()) {
    for (std::size_t d = 0; d < lanes; ++d) o[d] = {};
    lse = {.kind = Kind::kMinusInf};
    return;
  }
  const MergedRow whole =
      double_double || !given.finite ? merge_exactly(given, lanes) : merge_in_double(given, lanes);
  const auto structural = [](double value) {
    return Reference{.kind = std::isnan(value) ? Kind::kNaN : Kind::kNonFinite};
  };
  if (!given.finite) {
    for (std::size_t d = 0; d < lanes; ++d) o[d] = structural(whole.o[d]);
    lse = structural(whole.lse);
    return;
  }
  const RowBound bound = merge_bound(given.lse, given.o, whole.o, whole.lse, kernel);
  const RowBound ball =
      merge_bound(given.lse, given.o, whole.o, whole.lse, reference_arithmetic(double_double));
  for (std::size_t d = 0; d < lanes; ++d) {
    o[d] = std::isfinite(whole.o[d]) ? Reference{.value = whole.o[d],
                                                 .low = whole.o_low[d],
                                                 .ball = ball.o[d],
                                                 .bound = bound.o[d]}
                                     : structural(whole.o[d]);
  }
  lse = {.value = whole.lse, .low = whole.lse_low, .ball = ball.lse, .bound = bound.lse};
}

}  // namespace

Expected expect_attend(const problem::Problem& problem, const problem::Inputs& inputs,
                       const problem::Numerics& numerics, const ExpectOptions& options) {
  const DefaultFpEnv environment;
  if (!options.keys.empty() && options.keys.size() != problem.sequences.size()) {
    throw ContractError("expect_attend: ExpectOptions::keys needs one range per sequence");
  }
  std::int64_t rows = 0;
  for (const problem::Sequence& sequence : problem.sequences)
    rows += sequence.q_len * problem.num_q_heads;
  Expected expected;
  expected.o.resize(static_cast<std::size_t>(rows * problem.head_dim_v));
  expected.lse.resize(static_cast<std::size_t>(rows));
  Evaluator(problem, inputs, numerics, options).run(expected);
  return expected;
}

Expected expect_merge(std::int64_t rows, std::int64_t head_dim_v,
                      const std::vector<StateView>& states, const problem::Numerics& numerics) {
  const DefaultFpEnv environment;
  const auto lanes = static_cast<std::size_t>(head_dim_v);
  const Arithmetic kernel = arithmetic_of(numerics, problem::DType::kF32, 0);
  const bool double_double = numerics.accumulate == problem::DType::kF64;
  Expected expected;
  expected.o.resize(static_cast<std::size_t>(rows) * lanes);
  expected.lse.resize(static_cast<std::size_t>(rows));
  for (std::size_t row = 0; row < expected.lse.size(); ++row) {
    merge_row(row, states, kernel, double_double, expected.o.data() + row * lanes,
              expected.lse[row], lanes);
  }
  return expected;
}

}  // namespace attest::oracle
