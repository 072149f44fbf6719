// Attention kernels as they are built in the wild, simulated one output row at a time with every
// choice open that an error bound must not depend on: order and shape of sums, scaling,
// exponentials, tiles, shift history, splits, merges. Correct by construction, so every excess over
// a bound is a mistake in the bound.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "problem/inputs.h"
#include "problem/numerics.h"
#include "problem/plan.h"
#include "problem/problem.h"
#include "tests/oracle/random_case.h"

namespace attest::tests {

enum class Sum { kSequential, kFused, kReversed, kStrided, kPairwise, kShuffled, kTensorCore };

enum class Scaling {
  kScores,     ///< s * scale, exp(s - m)
  kFusedExp2,  ///< raw scores; exp2(fma(s, c, -fl(m * c))), c = scale * log2(e)
  kQuery,      ///< q * scale first, rounded to the type of q where declared
  kQueryExp2,  ///< q * scale * log2(e) first, exp2
};

enum class MergeStyle {
  kUnnormalised,     ///< (m, l, acc), one after the other
  kNormalisedChain,  ///< (o, lse), one after the other
  kNormalisedTree,   ///< (o, lse), pairs of pairs
  kGlobalLse,        ///< sum exp(lse_s - lse) o_s: the weights are not normalised again
  kLerp,             ///< (o, lse), one after the other: b + (a - b) / (1 + exp(lse_b - lse_a))
};

/// One kernel.
struct Style {
  Sum dot = Sum::kSequential;
  Sum values = Sum::kSequential;
  Sum weights = Sum::kSequential;
  Scaling scaling = Scaling::kScores;
  MergeStyle merge = MergeStyle::kUnnormalised;
  std::int64_t tile = 16;
  std::int64_t splits = 1;
  int tile_order = 0;            ///< 0 ascending, 1 descending, 2 shuffled
  bool two_pass = false;         ///< the maximum first
  bool normalise_first = false;  ///< with two_pass: p = e / l before P V
  bool tanh_of_exps = false;     ///< (e^x - e^-x) / (e^x + e^-x); else the C library's
  bool worst_exp = false;        ///< exp as bad as declared, random sign; else the C library's
  bool biased_exp = false;       ///< ... always the same sign
  bool flush = false;            ///< results below the smallest normal become 0
  bool reciprocal = false;       ///< acc * (1 / l)
  bool sink_first = false;       ///< the sink starts the recurrence; else it joins at the end
  bool scales_per_lane = false;  ///< dequantise each element; else scale scores and outputs
  bool rounded_weights_in_sum = false;  ///< l sums P as rounded
  double lazy = 0;
  problem::Accumulator accumulator = problem::Accumulator::kRoundToNearest;
  problem::DType p_dtype = problem::DType::kF32;
  bool q_prescaled = false;
};

/// A random kernel over T (float or double) and the numerics it has to declare.
Style random_style(Random& random, problem::DType accumulate);
problem::Numerics numerics_of(const Style& style, problem::DType accumulate);

struct SimulatedRow {
  std::vector<double> o;
  double lse = 0;
};

/// T: the accumulation type. Any problem; values of the exact inputs' types.
template <typename T>
SimulatedRow simulate_row(const problem::Problem& problem, const problem::Inputs& inputs,
                          std::int64_t b, std::int64_t head, std::int64_t row, const Style& style,
                          Random& random, const std::optional<problem::Range>& keys = std::nullopt);

struct SimulatedState {
  std::vector<double> o;
  double lse;
};
/// Merges given states as this kernel would.
template <typename T>
SimulatedRow simulate_merge(const std::vector<SimulatedState>& states, const Style& style,
                            Random& random);

}  // namespace attest::tests
