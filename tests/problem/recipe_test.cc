// What each distribution claims about scores and values, checked on the numbers it gives.
#include "problem/recipe.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "problem/inputs.h"
#include "tests/problem/scores.h"

namespace attest::problem {
namespace {

double largest(const std::vector<double>& row) { return *std::max_element(row.begin(), row.end()); }
double lowest(const std::vector<double>& row) { return *std::min_element(row.begin(), row.end()); }

double probability(const std::vector<double>& row, std::size_t key) {
  double sum = 0.0;
  for (const double t : row) sum += std::exp(t - row[key]);
  return 1.0 / sum;
}

std::string label(const Problem& problem) {
  return std::string(name_of(problem.k_dtype)) + ", head_dim " +
         std::to_string(problem.head_dim_qk) + ", kv_len " +
         std::to_string(problem.sequences[0].kv_len);
}

TEST(RecipeTest, NormalHasMeanZeroAndVarianceOne) {
  const Inputs inputs = inputs_of(one_sequence(1000, 64), Distribution::kNormal);
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < inputs.k.size(); ++i) {
    sum += inputs.k.value(i);
    squares += inputs.k.value(i) * inputs.k.value(i);
  }
  const auto n = static_cast<double>(inputs.k.size());
  EXPECT_NEAR(sum / n, 0.0, 0.02);
  EXPECT_NEAR(squares / n, 1.0, 0.02);
}

TEST(RecipeTest, LatticeGivesModerateScores) {
  for (const std::int64_t dim : {1, 16, 128}) {
    for (const auto& row : scores_of(one_sequence(100, dim), Distribution::kLattice)) {
      EXPECT_LT(largest(row), 30.0);
      EXPECT_GT(lowest(row), -30.0);
    }
  }
}

TEST(RecipeTest, HeavyTailIsRarelyLarge) {
  const Inputs inputs = inputs_of(one_sequence(1000, 16), Distribution::kHeavyTail);
  int large = 0;
  for (std::size_t i = 0; i < inputs.k.size(); ++i) large += std::abs(inputs.k.value(i)) > 16.0;
  EXPECT_GT(large, 16);
  EXPECT_LT(large, 1600);
}

TEST(RecipeTest, TheNeedleHoldsAboutHalfTheProbability) {
  for (const DType type : {DType::kF64, DType::kF32, DType::kF16, DType::kBF16}) {
    for (const std::int64_t dim : {1, 3, 16, 128}) {
      for (const std::int64_t kv_len : {2, 3, 33, 1000}) {
        Problem problem = one_sequence(kv_len, dim, type);
        for (const double scale : {problem.scale, -0.5, 1.0, 0.01}) {
          problem.scale = scale;
          const std::int64_t needle = kv_len / 2;
          for (const auto& row : scores_of(problem, Distribution::kNeedle, 5, needle)) {
            const double p = probability(row, static_cast<std::size_t>(needle));
            ASSERT_GT(p, 0.3) << label(problem) << ", scale " << scale;
            ASSERT_LT(p, 0.85) << label(problem) << ", scale " << scale;
          }
        }
      }
    }
  }
}

TEST(RecipeTest, ANeedlePastTheEndIsTheLastKey) {
  const Problem problem = one_sequence(20, 16);
  for (const auto& row : scores_of(problem, Distribution::kNeedle, 5, 1000)) {
    EXPECT_GT(probability(row, 19), 0.3);
  }
}

TEST(RecipeTest, PeakedRowsGiveOneKeyNearlyAll) {
  int peaked = 0;
  int rows = 0;
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    for (const auto& row : scores_of(one_sequence(40, 16), Distribution::kPeaked, seed)) {
      const auto top = std::max_element(row.begin(), row.end()) - row.begin();
      peaked += probability(row, static_cast<std::size_t>(top)) > 0.9;
      ++rows;
    }
  }
  EXPECT_GT(peaked, rows * 3 / 4);
}

TEST(RecipeTest, RisingScoresRiseAndFallingScoresFall) {
  for (const std::int64_t dim : {1, 4, 16, 128}) {
    const Problem problem = one_sequence(64, dim);
    for (const auto& row : scores_of(problem, Distribution::kRising)) {
      for (std::size_t j = 1; j < row.size(); ++j) ASSERT_GT(row[j], row[j - 1]) << label(problem);
    }
    for (const auto& row : scores_of(problem, Distribution::kFalling)) {
      for (std::size_t j = 1; j < row.size(); ++j) ASSERT_LT(row[j], row[j - 1]) << label(problem);
    }
  }
}

TEST(RecipeTest, RisingScoresRiseFromTileToTileOfALongSequence) {
  for (const auto& row : scores_of(one_sequence(4096, 16), Distribution::kRising)) {
    for (std::size_t tile = 0; tile + 1024 < row.size(); tile += 1024) {
      EXPECT_GT(row[tile + 1024], row[tile]);
    }
    EXPECT_LT(largest(row), 300.0);
  }
}

TEST(RecipeTest, LowScoresAreBelowTheMaskValuesOfKernels) {
  for (const DType type : all_dtypes()) {
    for (const std::int64_t dim : {1, 2, 4, 16, 64, 128, 256}) {
      if (type == DType::kE4M3 && dim <= 4) continue;  // 448 * 448 may not reach
      const Problem problem = one_sequence(20, dim, type);
      for (const auto& row : scores_of(problem, Distribution::kLowScores)) {
        ASSERT_LT(largest(row), -6e4) << label(problem);
        ASSERT_GT(lowest(row), -1e5) << label(problem);
      }
      for (const auto& row : scores_of(problem, Distribution::kVeryLowScores)) {
        ASSERT_LT(largest(row), -1e5) << label(problem);
      }
    }
  }
}

TEST(RecipeTest, LowScoresStillShareTheProbability) {
  for (const auto& row : scores_of(one_sequence(20, 16), Distribution::kLowScores)) {
    EXPECT_LT(largest(row) - lowest(row), 40.0);
    EXPECT_GT(largest(row) - lowest(row), 0.1);
  }
}

TEST(RecipeTest, LargeScoresOverflowExpWithoutAMaximum) {
  for (const auto& [type, overflow] :
       {std::pair(DType::kF32, 88.8), std::pair(DType::kF64, 709.8)}) {
    for (const std::int64_t dim : {1, 16, 128}) {
      const Problem problem = one_sequence(20, dim, type);
      double top = 0.0;
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        for (const auto& row : scores_of(problem, Distribution::kLargeScores, seed)) {
          EXPECT_GT(lowest(row), 0.8 * overflow) << label(problem);
          EXPECT_LT(largest(row), 1.25 * overflow) << label(problem);
          top = std::max(top, largest(row));
        }
      }
      EXPECT_GT(top, overflow) << label(problem);
    }
  }
}

TEST(RecipeTest, NearTiesDifferByAFewUlp) {
  const Problem problem = one_sequence(40, 16);
  const Inputs inputs = inputs_of(problem, Distribution::kNearTies);
  bool any_difference = false;
  const auto t = scores(problem, inputs);
  for (std::size_t i = 0; i < t.size(); ++i) {
    const double q0 = std::abs(problem.scale * inputs.q.value(i * 16));
    EXPECT_LE(largest(t[i]) - lowest(t[i]), q0 * 3.0 * 0x1p-23 * 1.0001);
    any_difference = any_difference || largest(t[i]) > lowest(t[i]);
  }
  EXPECT_TRUE(any_difference);
}

TEST(RecipeTest, UniformQueriesAreZero) {
  const Inputs inputs = inputs_of(one_sequence(10, 16), Distribution::kUniform);
  for (std::size_t i = 0; i < inputs.q.size(); ++i) EXPECT_EQ(inputs.q.value(i), 0.0);
}

TEST(RecipeTest, CoherentKeysAreParallelToTheQueries) {
  const Problem problem = one_sequence(10, 16, DType::kE4M3);
  const Inputs inputs = inputs_of(problem, Distribution::kCoherent);
  for (std::size_t i = 0; i < inputs.q.size(); ++i) {
    for (std::size_t j = 0; j < inputs.k.size(); ++j) {
      ASSERT_GT(inputs.q.value(i), 0.0);
      ASSERT_GT(inputs.k.value(j), 0.0);
    }
  }
  for (std::size_t j = 0; j < inputs.k.size(); ++j) {  // k_j / k_j[0] = q / q[0], exactly
    const std::size_t first = j / 16 * 16;
    ASSERT_EQ(inputs.k.value(j) * inputs.q.value(0),
              inputs.k.value(first) * inputs.q.value(j % 16));
  }
}

TEST(RecipeTest, SubnormalValuesAreSubnormalInTheirType) {
  for (const DType type : all_dtypes()) {
    const Inputs inputs = inputs_of(one_sequence(50, 16, type), Distribution::kSubnormalV);
    int nonzero = 0;
    for (std::size_t i = 0; i < inputs.v.size(); ++i) {
      ASSERT_LT(std::abs(inputs.v.value(i)), smallest_normal(type)) << name_of(type);
      nonzero += inputs.v.value(i) != 0.0;
    }
    EXPECT_GT(nonzero, 200) << name_of(type);
  }
}

TEST(RecipeTest, CancellingValuesAlternateInSign) {
  const Inputs inputs = inputs_of(one_sequence(50, 16), Distribution::kCancellingV);
  for (std::size_t i = 0; i < inputs.v.size(); ++i) {
    const double value = i / 8 % 2 == 0 ? inputs.v.value(i) : -inputs.v.value(i);
    ASSERT_GT(value, 15.0);
    ASSERT_NEAR(value, std::abs(inputs.v.value(i % 8)), 0.3);
  }
}

TEST(RecipeTest, ConstantValuesAreTheSameForEveryTokenOfEverySequence) {
  Problem problem = one_sequence(10, 16);
  problem.sequences.push_back({.q_len = 1, .kv_len = 7});
  const Inputs inputs = inputs_of(problem, Distribution::kConstantV);
  for (std::size_t i = 0; i < inputs.v.size(); ++i) {
    ASSERT_EQ(inputs.v.value(i), inputs.v.value(i % 8));
  }
}

TEST(RecipeTest, OneHotValuesNameTheirToken) {
  const Inputs inputs = inputs_of(one_sequence(20, 16), Distribution::kOneHotV);
  for (std::size_t i = 0; i < inputs.v.size(); ++i) {
    ASSERT_EQ(inputs.v.value(i), i / 8 % 8 == i % 8 ? 1.0 : 0.0);
  }
}

TEST(RecipeTest, EveryNumberIsFiniteWhateverTheScale) {
  for (int d = 0; d < kNumDistributions; ++d) {
    for (const DType type : all_dtypes()) {
      Problem problem = one_sequence(70, 5, type);
      for (const double scale : {0.0, -0.25, 1.0, 0x1p-1074, 1e-30, 1e30, 1.7e308}) {
        problem.scale = scale;
        const Inputs inputs = inputs_of(problem, static_cast<Distribution>(d));
        for (const Elements* tensor : {&inputs.q, &inputs.k, &inputs.v}) {
          for (std::size_t i = 0; i < tensor->size(); ++i) {
            ASSERT_TRUE(std::isfinite(tensor->value(i)))
                << name_of(static_cast<Distribution>(d)) << " " << name_of(type) << " " << scale;
          }
        }
      }
    }
  }
}

TEST(RecipeTest, QueriesOfAGroupFollowTheDirectionOfTheirKvHead) {
  Problem problem = one_sequence(20, 16);
  problem.num_q_heads = 6;
  problem.num_kv_heads = 2;
  const Inputs inputs = inputs_of(problem, Distribution::kLowScores);
  for (std::size_t h = 0; h < 6; ++h) {
    for (std::size_t j = 0; j < 20; ++j) {
      double dot = 0.0;
      for (std::size_t d = 0; d < 16; ++d) {
        dot += inputs.q.value(h * 16 + d) * inputs.k.value((j * 2 + h / 3) * 16 + d);
      }
      ASSERT_LT(problem.scale * dot, -6e4) << "head " << h;
    }
  }
}

}  // namespace
}  // namespace attest::problem
