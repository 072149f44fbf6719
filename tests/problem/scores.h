// A call of one sequence, and the scores that a distribution of values gives it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/dtype.h"
#include "problem/inputs.h"
#include "problem/problem.h"
#include "problem/recipe.h"

namespace attest::problem {

inline constexpr std::int64_t kRows = 4;

inline Problem one_sequence(std::int64_t kv_len, std::int64_t head_dim, DType type = DType::kF32) {
  Problem problem;
  problem.sequences = {{.q_len = kRows, .kv_len = kv_len}};
  problem.head_dim_qk = head_dim;
  problem.head_dim_v = 8;
  problem.q_dtype = problem.k_dtype = problem.v_dtype = type;
  problem.scale = 1.0 / std::sqrt(static_cast<double>(head_dim));
  return problem;
}

inline Inputs inputs_of(const Problem& problem, Distribution distribution, std::uint64_t seed = 3,
                        std::int64_t needle = 0) {
  return make_inputs(
      problem, {.distribution = distribution, .seed = seed, .needle = needle, .overrides = {}}, {});
}

/// Scores of every row of one sequence and one head. Shape [rows][kv_len].
inline std::vector<std::vector<double>> scores(const Problem& problem, const Inputs& inputs) {
  const auto dim = static_cast<std::size_t>(problem.head_dim_qk);
  const auto keys = static_cast<std::size_t>(problem.sequences[0].kv_len);
  std::vector<std::vector<double>> t(kRows, std::vector<double>(keys));
  for (std::size_t i = 0; i < t.size(); ++i) {
    for (std::size_t j = 0; j < keys; ++j) {
      double dot = 0.0;
      for (std::size_t d = 0; d < dim; ++d) {
        dot += inputs.q.value(i * dim + d) * inputs.k.value(j * dim + d);
      }
      t[i][j] = problem.scale * dot;
    }
  }
  return t;
}

inline std::vector<std::vector<double>> scores_of(const Problem& problem, Distribution distribution,
                                                  std::uint64_t seed = 3, std::int64_t needle = 0) {
  return scores(problem, inputs_of(problem, distribution, seed, needle));
}

}  // namespace attest::problem
