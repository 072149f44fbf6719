// Random bits by coordinates: the numbers are pinned, because stored cases depend on them.
#include "problem/values.h"

#include <cstdint>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

namespace attest::problem {
namespace {

TEST(RandomBitsTest, IsPhiloxWithItsPublishedTestVector) {
  // Philox4x32-10 with counter 0 and key 0, from the known answers of Random123.
  EXPECT_EQ(random_bits(0, Tensor::kQ, 0, 0, 0, 0), 0x6627e8d5u);
  EXPECT_EQ(random_bits(0, Tensor::kQ, 0, 0, 0, 1), 0xe169c58du);
  EXPECT_EQ(random_bits(0, Tensor::kQ, 0, 0, 0, 2), 0xbc57ac4cu);
  EXPECT_EQ(random_bits(0, Tensor::kQ, 0, 0, 0, 3), 0x9b00dbd8u);
}

TEST(RandomBitsTest, NeverChangesWithinAVersion) {
  ASSERT_EQ(kValuesVersion, 1) << "new numbers for a new version";
  EXPECT_EQ(random_bits(42, Tensor::kK, 1, 2, 3, 4), 0xfe1a8fd4u);
  EXPECT_EQ(random_bits(0xfedcba9876543210, Tensor::kV, 4095, 1048575, 1023, 4095), 0x240cf5b9u);
  EXPECT_EQ(random_bits(7, Tensor::kBias, 0, 19, 2, 1048575), 0x3bc7d3e2u);
  EXPECT_EQ(derive_seed(42, 0), 0xae68697699cf4594u);
  EXPECT_EQ(derive_seed(0xfedcba9876543210, std::uint64_t{1} << 40), 0x350698566021639fu);
}

TEST(RandomBitsTest, EveryCoordinateCounts) {
  // 64 bits of each: two different ones agree by chance once in 10^13.
  std::set<std::tuple<std::uint32_t, std::uint32_t>> seen;
  std::size_t drawn = 0;
  for (const Tensor tensor : {Tensor::kQ, Tensor::kK, Tensor::kV, Tensor::kBias}) {
    for (const std::int64_t sequence : {0, 1, 4095}) {
      for (const std::int64_t token : {-1, 0, 1, 4, 1048575}) {
        for (const std::int64_t head : {0, 1, 4, 1023}) {
          for (const std::int64_t lane : {0, 4, 8, 4092}) {
            for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
              seen.emplace(random_bits(seed, tensor, sequence, token, head, lane),
                           random_bits(seed, tensor, sequence, token, head, lane + 1));
              ++drawn;
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), drawn);
}

TEST(DeriveSeedTest, GivesDifferentSeedsForNeighbours) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t key = 0; key < 32; ++key) {
    for (std::uint64_t index = 0; index < 32; ++index) seen.insert(derive_seed(key, index));
  }
  EXPECT_EQ(seen.size(), 1024u);
}

TEST(ValuesTest, NamesAreReadBack) {
  for (int i = 0; i < kNumDistributions; ++i) {
    const auto distribution = static_cast<Distribution>(i);
    EXPECT_NE(name_of(distribution), "?");
    EXPECT_EQ(parse_distribution(name_of(distribution)), distribution);
  }
  for (const Tensor tensor : {Tensor::kQ, Tensor::kK, Tensor::kV, Tensor::kBias}) {
    EXPECT_EQ(parse_tensor(name_of(tensor)), tensor);
  }
  EXPECT_EQ(name_of(Distribution::kOneHotV), "one_hot_v");
  EXPECT_EQ(parse_distribution("gaussian"), std::nullopt);
}

TEST(ValuesTest, ExtentsFollowTheTensor) {
  Problem problem;
  problem.sequences = {{.q_len = 1, .kv_len = 1}, {.q_len = 2, .kv_len = 5}};
  problem.num_q_heads = 6;
  problem.num_kv_heads = 3;
  problem.head_dim_qk = 8;
  problem.head_dim_v = 4;
  const Extent v = extent_of(problem, Tensor::kV, 1);
  EXPECT_EQ(std::tuple(v.tokens, v.heads, v.lanes), std::tuple(5, 3, 4));
  EXPECT_EQ(extent_of(problem, Tensor::kBias, 1).heads, 0);
  problem.bias = Bias::kPerHead;
  EXPECT_EQ(extent_of(problem, Tensor::kBias, 1).heads, 6);
  EXPECT_EQ(extent_of(problem, Tensor::kBias, 1).tokens, 10);
}

}  // namespace
}  // namespace attest::problem
