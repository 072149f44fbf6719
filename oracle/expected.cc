#include "oracle/expected.h"

#include <cmath>
#include <cstddef>
#include <limits>

#include "oracle/evaluate.h"
#include "oracle/fpenv.h"
#include "oracle/state.h"
#include "problem/errors.h"

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One row of expect_merge.
template <typename Real>
void merge_row(std::size_t row, const std::vector<StateView>& states, const Arithmetic& kernel,
               Reference* o, Reference& lse, std::size_t lanes) {
  std::vector<Row<Real>> rows;
  std::vector<double> lse_s, o_s;
  bool finite = true;
  for (const StateView& state : states) {
    const double state_lse = state.lse->value(row);
    if (state_lse == -kInfinity) continue;  // the identity, whatever its o holds
    Row<Real> part{.lse = static_cast<Real>(state_lse), .empty = false};
    lse_s.push_back(state_lse);
    finite = finite && std::isfinite(state_lse);
    for (std::size_t d = 0; d < lanes; ++d) {
      o_s.push_back(state.o->value(row * lanes + d));
      part.o.push_back(static_cast<Real>(o_s.back()));
    }
    rows.push_back(std::move(part));
  }
  if (rows.empty()) {
    for (std::size_t d = 0; d < lanes; ++d) o[d] = {};
    lse = {.kind = Kind::kMinusInf};
    return;
  }
  const Row<Real> whole = merge<Real>(rows);
  const auto structural = [](Real value) {
    return Reference{.kind = std::isnan(value) ? Kind::kNaN : Kind::kNonFinite};
  };
  if (!finite) {
    for (std::size_t d = 0; d < lanes; ++d) o[d] = structural(whole.o[d]);
    lse = structural(whole.lse);
    return;
  }
  std::vector<double> whole_o(whole.o.begin(), whole.o.end());
  const auto whole_lse = static_cast<double>(whole.lse);
  const RowBound bound = merge_bound(lse_s, o_s, whole_o, whole_lse, kernel);
  const RowBound ball = merge_bound(lse_s, o_s, whole_o, whole_lse, reference_arithmetic<Real>());
  for (std::size_t d = 0; d < lanes; ++d) {
    o[d] = std::isfinite(whole.o[d])
               ? Reference{.value = whole.o[d], .ball = ball.o[d], .bound = bound.o[d]}
               : structural(whole.o[d]);
  }
  lse = {.value = whole.lse, .ball = ball.lse, .bound = bound.lse};
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
  if (numerics.accumulate == problem::DType::kF64) {
    Evaluator<long double>(problem, inputs, numerics, options).run(expected);
  } else {
    Evaluator<double>(problem, inputs, numerics, options).run(expected);
  }
  return expected;
}

Expected expect_merge(std::int64_t rows, std::int64_t head_dim_v,
                      const std::vector<StateView>& states, const problem::Numerics& numerics) {
  const DefaultFpEnv environment;
  const auto lanes = static_cast<std::size_t>(head_dim_v);
  const Arithmetic kernel = arithmetic_of(numerics, problem::DType::kF32, 0);
  Expected expected;
  expected.o.resize(static_cast<std::size_t>(rows) * lanes);
  expected.lse.resize(static_cast<std::size_t>(rows));
  for (std::size_t row = 0; row < expected.lse.size(); ++row) {
    Reference* const o = expected.o.data() + row * lanes;
    if (numerics.accumulate == problem::DType::kF64) {
      merge_row<long double>(row, states, kernel, o, expected.lse[row], lanes);
    } else {
      merge_row<double>(row, states, kernel, o, expected.lse[row], lanes);
    }
  }
  return expected;
}

}  // namespace attest::oracle
