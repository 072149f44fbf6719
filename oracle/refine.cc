// What needs the definition at 50 digits: rows too close to call, rows with non-finite inputs.
#include <cmath>
#include <cstddef>

#include "oracle/evaluate.h"
#include "oracle/fpenv.h"
#include "oracle/mp.h"
#include "problem/errors.h"

namespace attest::oracle {
namespace {

/// Half a unit in the last place of long double, relative.
constexpr double kLongDoubleRoundoff = 0x1p-64;

/// The definition's own error at 50 digits (2^-166 and better) is far below this share of the
/// evaluation's ball.
constexpr double kDefinitionShare = 0x1p-64;

}  // namespace

Row<long double> precise_row(const problem::Problem& problem, const problem::Inputs& inputs,
                             std::int64_t b, std::int64_t head, std::int64_t row,
                             const ExpectOptions& options) {
  std::optional<problem::Range> keys;
  if (!options.keys.empty()) keys = options.keys[static_cast<std::size_t>(b)];
  const Row<Mp> exact = attend_row<Mp>(problem, inputs, b, head, row, keys, options.keys.empty());
  Row<long double> result{.lse = static_cast<long double>(exact.lse), .empty = exact.empty};
  for (const Mp& o : exact.o) result.o.push_back(static_cast<long double>(o));
  return result;
}

void refine_row(const problem::Problem& problem, const problem::Inputs& inputs,
                const ExpectOptions& options, std::int64_t flat_row, Expected& expected) {
  const DefaultFpEnv environment;
  const std::int64_t head = flat_row % problem.num_q_heads;
  std::int64_t row = flat_row / problem.num_q_heads;
  std::int64_t b = 0;
  while (b < problem.batch() && row >= problem.sequences[static_cast<std::size_t>(b)].q_len) {
    row -= problem.sequences[static_cast<std::size_t>(b)].q_len;
    ++b;
  }
  if (flat_row < 0 || b == problem.batch()) throw ContractError("refine_row: there is no such row");

  const Row<long double> exact = precise_row(problem, inputs, b, head, row, options);
  const auto refine = [](Reference& reference, long double value) {
    if (reference.kind != Kind::kFinite || !std::isfinite(value)) return;
    reference.value = value;
    reference.ball = kLongDoubleRoundoff * static_cast<double>(std::abs(value)) +
                     kDefinitionShare * reference.ball;
  };
  const auto lanes = static_cast<std::size_t>(problem.head_dim_v);
  for (std::size_t d = 0; d < lanes; ++d) {
    refine(expected.o[static_cast<std::size_t>(flat_row) * lanes + d], exact.o[d]);
  }
  refine(expected.lse[static_cast<std::size_t>(flat_row)], exact.lse);
}

}  // namespace attest::oracle
