// Attention kernels as they are built in the wild, simulated one output row at a time with every
// choice open (style.h). Correct by construction, so every excess over a bound is a mistake in the
// bound; or wrong in exactly one way (sabotage.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "oracle/logical_tensors.h"
#include "problem/elements.h"
#include "problem/inputs.h"
#include "problem/plan.h"
#include "problem/problem.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated/sabotage.h"
#include "tests/oracle/simulated/style.h"

namespace attest::tests {

/// Before the output is rounded to its type; also one state to merge.
struct SimulatedRow {
  std::vector<double> o;  ///< [head_dim_v]
  double lse = 0;
};

/// A call that kernels can be simulated on: its inputs, decoded once.
class SimulatedCall {
 public:
  /// Keeps references to both.
  SimulatedCall(const problem::Problem& problem, const problem::Inputs& inputs);

  /// The row as a kernel of this style computes it. `keys`: of a partial state.
  SimulatedRow row(std::int64_t b, std::int64_t head, std::int64_t row, const Style& style,
                   Random& random, const std::optional<problem::Range>& keys = std::nullopt,
                   const Sabotage& sabotage = {}) const;

  const problem::Problem& problem() const { return problem_; }
  const oracle::LogicalTensors& tensors() const { return tensors_; }
  const double* q(std::int64_t b, std::int64_t head, std::int64_t row) const;  ///< [head_dim_qk]
  const double* k(std::int64_t b, std::int64_t head, std::int64_t key) const;  ///< [head_dim_qk]
  const double* v(std::int64_t b, std::int64_t head, std::int64_t key) const;  ///< [head_dim_v]

 private:
  const problem::Problem& problem_;
  const oracle::LogicalTensors tensors_;
  std::vector<double> q_, k_, v_;
};

/// All rows, rounded to the types of the outputs: o to the problem's, lse to f64 or f32.
struct SimulatedOutputs {
  problem::Elements o;    ///< [total_q, num_q_heads, head_dim_v]
  problem::Elements lse;  ///< [total_q, num_q_heads]
};
/// `keys`: per sequence those of a partial state; empty: all.
SimulatedOutputs simulate_call(const SimulatedCall& call, const Style& style, Random& random,
                               const std::vector<problem::Range>& keys = {},
                               const Sabotage& sabotage = {});

/// Merges given states as this kernel would.
SimulatedRow simulate_merge(const std::vector<SimulatedRow>& states, const Style& style,
                            Random& random);

}  // namespace attest::tests
