// Whole tensors: coordinates decide, overrides win, shared pages share.
#include "problem/inputs.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "problem/errors.h"

namespace attest::problem {
namespace {

Problem small_problem() {
  Problem problem;
  problem.sequences = {
      {.q_len = 2, .kv_len = 5}, {.q_len = 0, .kv_len = 3}, {.q_len = 3, .kv_len = 4}};
  problem.num_q_heads = 2;
  problem.num_kv_heads = 1;
  problem.head_dim_qk = 6;
  problem.head_dim_v = 5;
  problem.scale = 0.5;
  problem.bias = Bias::kPerHead;
  return problem;
}

Problem larger_problem() {
  Problem problem = small_problem();
  problem.sequences = {{.q_len = 4, .kv_len = 9},
                       {.q_len = 1, .kv_len = 6},
                       {.q_len = 3, .kv_len = 40},
                       {.q_len = 1, .kv_len = 1}};
  problem.num_q_heads = 6;
  problem.num_kv_heads = 3;
  problem.head_dim_v = 12;
  return problem;
}

std::size_t index_of(const Problem& problem, Tensor tensor, std::int64_t sequence,
                     std::int64_t token, std::int64_t head, std::int64_t lane) {
  const Extent extent = extent_of(problem, tensor, sequence);
  std::int64_t before = 0;
  for (std::int64_t b = 0; b < sequence; ++b) before += extent_of(problem, tensor, b).tokens;
  return static_cast<std::size_t>(((before + token) * extent.heads + head) * extent.lanes + lane);
}

/// FNV-1a, to pin many numbers with one.
std::uint64_t hash(const Inputs& inputs) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const Elements* tensor : {&inputs.q, &inputs.k, &inputs.v, &inputs.bias}) {
    for (std::size_t i = 0; i < tensor->bytes(); ++i) {
      h = (h ^ static_cast<std::uint64_t>(tensor->data()[i])) * 0x100000001b3;
    }
  }
  return h;
}

TEST(InputsTest, AnElementDoesNotDependOnTheShapesAroundIt) {
  const Problem small = small_problem();
  const Problem large = larger_problem();
  for (int d = 0; d < kNumDistributions; ++d) {
    const auto distribution = static_cast<Distribution>(d);
    if (distribution == Distribution::kOneHotV || distribution == Distribution::kNeedle) continue;
    const Values values{.distribution = distribution, .seed = 9, .needle = 2, .overrides = {}};
    const Inputs in_small = make_inputs(small, values, {});
    const Inputs in_large = make_inputs(large, values, {});
    for (const Tensor tensor : {Tensor::kQ, Tensor::kK, Tensor::kV}) {
      const auto elements = [&](const Inputs& inputs) -> const Elements& {
        return tensor == Tensor::kQ ? inputs.q : tensor == Tensor::kK ? inputs.k : inputs.v;
      };
      for (std::int64_t b = 0; b < small.batch(); ++b) {
        const Extent extent = extent_of(small, tensor, b);
        for (std::int64_t t = 0; t < extent.tokens; ++t) {
          for (std::int64_t h = 0; h < extent.heads; ++h) {
            for (std::int64_t lane = 0; lane < extent.lanes; ++lane) {
              ASSERT_EQ(elements(in_small).bits(index_of(small, tensor, b, t, h, lane)),
                        elements(in_large).bits(index_of(large, tensor, b, t, h, lane)))
                  << name_of(distribution) << " " << name_of(tensor);
            }
          }
        }
      }
    }
  }
}

TEST(InputsTest, ABiasDoesNotDependOnTheShapesAroundIt) {
  const Problem small = small_problem();
  const Problem large = larger_problem();
  const Inputs in_small = make_inputs(small, {}, {});
  const Inputs in_large = make_inputs(large, {}, {});
  // Sequence 2, head 1, row 2, key 3.
  const std::size_t i = bias_offset(small, 2) + (1 * 3 + 2) * 4 + 3;
  const std::size_t j = bias_offset(large, 2) + (1 * 3 + 2) * 40 + 3;
  EXPECT_EQ(in_small.bias.bits(i), in_large.bias.bits(j));
  EXPECT_EQ(in_small.bias.size(), 2u * (2 * 5 + 0 + 3 * 4));
}

TEST(InputsTest, RecipesNeverChangeWithinAVersion) {
  ASSERT_EQ(kValuesVersion, 1) << "new numbers for a new version";
  const std::array<std::uint64_t, kNumDistributions> golden = {
      0x80ca8557a1aec03e,  // lattice
      0xfbc374266e7cad76,  // normal
      0x41d2868f92925491,  // heavy_tail
      0x1134154761683d4c,  // needle
      0xa29a878750996384,  // peaked
      0x38b0c9dcf8d7c466,  // rising
      0xc1e0d62c111d7166,  // falling
      0x86b39afb42d591f3,  // uniform
      0x81a58d9e45b7918c,  // near_ties
      0x805fcb43373dad83,  // low_scores
      0xe27e98e2cd2dbe5f,  // very_low_scores
      0xcda6bb951a943280,  // large_scores
      0x45f81a8d5b2f5715,  // subnormal_v
      0x04fd2bb7f1ee40fb,  // cancelling_v
      0x474ccc082f22c85c,  // constant_v
      0xcb5f181eb120b61c,  // one_hot_v
      0x9874e220e733d391,  // coherent
  };
  for (int d = 0; d < kNumDistributions; ++d) {
    std::uint64_t all_types = 0;
    for (const DType type : all_dtypes()) {
      Problem problem = larger_problem();
      problem.q_dtype = problem.k_dtype = problem.v_dtype = type;
      const Values values{
          .distribution = static_cast<Distribution>(d), .seed = 42, .needle = 4, .overrides = {}};
      all_types = all_types * 31 + hash(make_inputs(problem, values, {}));
    }
    EXPECT_EQ(all_types, golden[static_cast<std::size_t>(d)])
        << name_of(static_cast<Distribution>(d)) << std::hex << " 0x" << all_types;
  }
}

TEST(InputsTest, OverridesReplaceExactlyTheirElement) {
  const Problem problem = small_problem();
  Values values{.distribution = Distribution::kNormal, .seed = 1, .needle = 0, .overrides = {}};
  const Inputs before = make_inputs(problem, values, {});
  values.overrides = {{Tensor::kQ, 2, 1, 1, 5, 0x7fc00000},
                      {Tensor::kK, 1, 2, 0, 3, 0x40490fdb},
                      {Tensor::kV, 2, 3, 0, 4, 0xff800000},
                      {Tensor::kBias, 2, 2 * 4 + 1, 1, 0, 0xff800000}};
  const Inputs after = make_inputs(problem, values, {});
  const auto differences = [](const Elements& a, const Elements& b) {
    std::vector<std::size_t> where;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a.bits(i) != b.bits(i)) where.push_back(i);
    }
    return where;
  };
  using Indices = std::vector<std::size_t>;
  const std::size_t q = index_of(problem, Tensor::kQ, 2, 1, 1, 5);
  const std::size_t bias = bias_offset(problem, 2) + 1 * 12 + 2 * 4 + 1;
  EXPECT_EQ(differences(before.q, after.q), Indices{q});
  EXPECT_EQ(differences(before.k, after.k), Indices{index_of(problem, Tensor::kK, 1, 2, 0, 3)});
  EXPECT_EQ(differences(before.v, after.v), Indices{index_of(problem, Tensor::kV, 2, 3, 0, 4)});
  EXPECT_EQ(differences(before.bias, after.bias), Indices{bias});
  EXPECT_EQ(after.q.bits(q), 0x7fc00000u);
}

TEST(InputsTest, AnOverrideOutsideItsTensorIsABrokenContract) {
  Values values;
  values.overrides = {{Tensor::kK, 1, 3, 0, 0, 0}};
  EXPECT_THROW(make_inputs(small_problem(), values, {}), ContractError);
}

TEST(InputsTest, SequencesOnASharedPageSeeTheSameContents) {
  Problem problem = small_problem();
  problem.sequences = {{.q_len = 1, .kv_len = 3}, {.q_len = 1, .kv_len = 6}};
  KvStorage storage{.layout = KvLayout::kPagedNHD,
                    .page_size = 4,
                    .num_pages = 4,
                    .block_table = {{2}, {2, 0}},
                    .extra_table_columns = 0,
                    .gap_tokens = 0};
  ASSERT_EQ(find_error(problem, storage), std::nullopt);
  Values values{.distribution = Distribution::kNormal, .seed = 1, .needle = 0, .overrides = {}};
  // Token 1 of sequence 1 is on the shared page: the override is heard in both.
  values.overrides = {{Tensor::kV, 1, 1, 0, 0, 0x42280000}};
  const Inputs shared = make_inputs(problem, values, storage);
  const Inputs apart = make_inputs(problem, values, {});
  const auto k_row = [&](const Inputs& inputs, std::int64_t b, std::int64_t t) {
    std::vector<double> row;
    for (std::int64_t lane = 0; lane < problem.head_dim_qk; ++lane) {
      row.push_back(inputs.k.value(index_of(problem, Tensor::kK, b, t, 0, lane)));
    }
    return row;
  };
  for (std::int64_t t = 0; t < 3; ++t) {
    EXPECT_EQ(k_row(shared, 1, t), k_row(shared, 0, t));
    EXPECT_EQ(k_row(shared, 0, t), k_row(apart, 0, t));
  }
  for (std::int64_t t = 3; t < 6; ++t) EXPECT_EQ(k_row(shared, 1, t), k_row(apart, 1, t));
  EXPECT_EQ(shared.v.value(index_of(problem, Tensor::kV, 0, 1, 0, 0)), 42.0);
  EXPECT_EQ(shared.v.value(index_of(problem, Tensor::kV, 1, 1, 0, 0)), 42.0);
}

TEST(InputsTest, AVThatIsAPrefixOfKHasItsLanes) {
  Problem problem = small_problem();
  problem.v_is_k_prefix = true;
  Values values;
  values.overrides = {{Tensor::kK, 0, 1, 0, 2, 0x42280000}};
  const Inputs inputs = make_inputs(problem, values, {});
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t t = 0; t < problem.sequences[static_cast<std::size_t>(b)].kv_len; ++t) {
      for (std::int64_t lane = 0; lane < problem.head_dim_v; ++lane) {
        ASSERT_EQ(inputs.v.bits(index_of(problem, Tensor::kV, b, t, 0, lane)),
                  inputs.k.bits(index_of(problem, Tensor::kK, b, t, 0, lane)));
      }
    }
  }
  EXPECT_EQ(inputs.v.value(index_of(problem, Tensor::kV, 0, 1, 0, 2)), 42.0);
}

TEST(InputsTest, ASharedBiasHasOneHead) {
  Problem problem = small_problem();
  problem.bias = Bias::kShared;
  EXPECT_EQ(make_inputs(problem, {}, {}).bias.size(), 2u * 5 + 3 * 4);
  EXPECT_EQ(bias_offset(problem, 2), 10u);
  problem.bias = Bias::kNone;
  EXPECT_EQ(make_inputs(problem, {}, {}).bias.size(), 0u);
}

}  // namespace
}  // namespace attest::problem
