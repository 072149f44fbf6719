// Attention as the published tests compute it: dense, two passes, in double, or in the type of the
// inputs as a framework would.
#pragma once

#include <optional>
#include <vector>

#include "problem/inputs.h"
#include "problem/problem.h"

namespace attest::bench {

struct Dense {
  std::vector<double> o;    ///< [total_q, num_q_heads, head_dim_v], not rounded
  std::vector<double> lse;  ///< [total_q, num_q_heads], natural log
};

/// In double. Rows without a key are 0, their lse -infinity.
Dense exact_attention(const problem::Problem& problem, const problem::Inputs& inputs);

/// Scores, weights and outputs rounded to `type`, sums in f32. scales_keys: k * scale is rounded
/// before the product instead of scaling the rounded score.
std::vector<double> low_precision_attention(const problem::Problem& problem,
                                            const problem::Inputs& inputs, problem::DType type,
                                            bool scales_keys);

}  // namespace attest::bench
