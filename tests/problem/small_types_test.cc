// The distributions keep their point in 8-bit types, where a number has two or three bits.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "problem/inputs.h"
#include "tests/problem/scores.h"

namespace attest::problem {
namespace {

constexpr DType kF8[] = {DType::kE4M3, DType::kE5M2};

TEST(SmallTypesTest, TheNeedleStillHoldsAShareThatShows) {
  for (const DType type : kF8) {
    for (const std::int64_t dim : {1, 3, 16, 128}) {
      for (const std::int64_t kv_len : {2, 3, 33, 350}) {
        const Problem problem = one_sequence(kv_len, dim, type);
        const std::int64_t needle = kv_len / 2;
        for (const auto& row : scores_of(problem, Distribution::kNeedle, 5, needle)) {
          double sum = 0.0;
          for (const double t : row) sum += std::exp(t - row[static_cast<std::size_t>(needle)]);
          EXPECT_GT(1.0 / sum, 0.15) << name_of(type) << ", " << dim << ", " << kv_len;
          EXPECT_LT(1.0 / sum, 0.95) << name_of(type) << ", " << dim << ", " << kv_len;
        }
      }
    }
  }
}

TEST(SmallTypesTest, RisingScoresRiseFromTileToTile) {
  for (const DType type : kF8) {
    for (const std::int64_t dim : {1, 4, 16, 128}) {
      for (const auto& row : scores_of(one_sequence(65, dim, type), Distribution::kRising, 5)) {
        for (std::size_t tile = 0; tile + 16 < row.size(); tile += 16)
          EXPECT_GT(row[tile + 16], row[tile]) << name_of(type) << ", " << dim;
      }
    }
  }
}

TEST(SmallTypesTest, OrdinaryContentsAreFiniteAndNotAllAlike) {
  for (const DType type : kF8) {
    for (int d = 0; d < kNumDistributions; ++d) {
      const auto distribution = static_cast<Distribution>(d);
      const Problem problem = one_sequence(40, 16, type);
      const Inputs inputs =
          make_inputs(problem, {.distribution = distribution, .seed = 5, .overrides = {}}, {});
      std::set<std::uint64_t> keys;
      for (std::size_t i = 0; i < inputs.k.size(); ++i) {
        ASSERT_TRUE(std::isfinite(inputs.k.value(i))) << name_of(distribution);
        keys.insert(inputs.k.bits(i));
      }
      EXPECT_GE(keys.size(), 4u) << name_of(distribution) << " in " << name_of(type);
      for (std::size_t i = 0; i < inputs.v.size(); ++i)
        ASSERT_TRUE(std::isfinite(inputs.v.value(i))) << name_of(distribution);
    }
  }
}

TEST(SmallTypesTest, HeadsThatAreOneShareContentsAndOverrides) {
  Problem problem = one_sequence(3, 2, DType::kE4M3);
  problem.num_q_heads = problem.num_kv_heads = 2;
  KvStorage storage;
  storage.strides.k.one_head = true;
  const Values values{.distribution = Distribution::kNormal,
                      .seed = 5,
                      .overrides = {{Tensor::kK, 0, 1, 1, 0, encode(DType::kE4M3, 7.0)}}};
  const Inputs inputs = make_inputs(problem, values, storage);
  for (std::size_t token = 0; token < 3; ++token) {
    for (std::size_t lane = 0; lane < 2; ++lane)
      EXPECT_EQ(inputs.k.bits(token * 4 + lane), inputs.k.bits(token * 4 + 2 + lane));
  }
  EXPECT_EQ(inputs.k.value(4), 7.0);
  const Inputs apart = make_inputs(problem, values, {});
  EXPECT_EQ(inputs.v, apart.v);
  EXPECT_NE(apart.k.bits(2), apart.k.bits(0));
}

}  // namespace
}  // namespace attest::problem
