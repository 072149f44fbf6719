// What needs the definition at 50 digits: rows too close to call, rows with non-finite inputs.
#include <cmath>
#include <cstddef>

#include "oracle/evaluate.h"
#include "oracle/fpenv.h"
#include "oracle/mp.h"
#include "problem/errors.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

/// The definition's own error at 50 digits (2^-160 of sum p_j |v_j|, or of lse) is far below this
/// share of a kernel's bound, which is never below a roundoff of f64 of the same.
constexpr double kDefinitionShare = 0x1p-80;

/// Below it nothing fits into low.

}  // namespace

Row<Mp> precise_row(const problem::Problem& problem, const problem::Inputs& inputs, std::int64_t b,
                    std::int64_t head, std::int64_t row, const ExpectOptions& options) {
  std::optional<problem::Range> keys;
  if (!options.keys.empty()) keys = options.keys[static_cast<std::size_t>(b)];
  return attend_row<Mp>(problem, inputs, b, head, row, keys, options.keys.empty());
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

  const Row<Mp> exact = precise_row(problem, inputs, b, head, row, options);
  const auto refine = [](Reference& reference, const Mp& value) {
    if (reference.kind != Kind::kFinite || !isfinite(value)) return;
    reference.value = static_cast<double>(value);
    reference.low = static_cast<double>(Mp(value - reference.value));
    reference.ball = kDoubleDoubleRoundoff * std::abs(reference.value) +
                     kDefinitionShare * reference.bound + kSmallestDouble;
  };
  const auto lanes = static_cast<std::size_t>(problem.head_dim_v);
  for (std::size_t d = 0; d < lanes; ++d) {
    refine(expected.o[static_cast<std::size_t>(flat_row) * lanes + d], exact.o[d]);
  }
  refine(expected.lse[static_cast<std::size_t>(flat_row)], exact.lse);
}

}  // namespace attest::oracle
