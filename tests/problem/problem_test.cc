#include "problem/problem.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "problem/numerics.h"
#include "problem/special_values.h"

namespace attest::problem {
namespace {

Problem good_problem() {
  Problem problem;
  problem.sequences = {{.q_len = 2, .kv_len = 5},
                       {.q_len = 0, .kv_len = 3},
                       {.q_len = 3, .kv_len = 0, .start_pos = -4}};
  problem.num_q_heads = 4;
  problem.num_kv_heads = 2;
  problem.head_dim_qk = 8;
  problem.head_dim_v = 4;
  problem.alibi_slopes = {1.0, 0.5, 0.25, 0.0};
  problem.sinks = {0.0, 1.0, -kInfinity, 2.0};
  problem.k_scale = {0.5, 2.0};
  problem.o_scale = 0.25;
  problem.mask.causal = true;
  problem.mask.window_left = 3;
  problem.mask.attention_chunk = 4;
  problem.mask.tree = {{{-1, 0, 0}}, {}, {}};
  problem.mask.custom = {std::vector<std::uint8_t>(10, 1), {}, {}};
  return problem;
}

TEST(ProblemTest, SumsOverTheBatch) {
  const Problem problem = good_problem();
  EXPECT_EQ(problem.total_q(), 5);
  EXPECT_EQ(problem.total_kv(), 8);
  EXPECT_EQ(problem.max_q_len(), 3);
  EXPECT_EQ(problem.max_kv_len(), 5);
  EXPECT_EQ(problem.first_row(0), 0);
  EXPECT_EQ(problem.first_row(2), 2);
  EXPECT_EQ(problem.first_row(3), 5);
  EXPECT_EQ(problem.group(), 2);
  EXPECT_EQ(problem.sequences[0].first_position(), 3);
  EXPECT_EQ(problem.sequences[2].first_position(), -4);
}

TEST(ProblemTest, AGoodProblemHasNoError) {
  EXPECT_EQ(find_error(good_problem()).value_or(""), "");
}

TEST(ProblemTest, EveryBrokenFieldIsNamed) {
  struct Row {
    const char* message;
    std::function<void(Problem&)> damage;
  };
  const auto nan = std::nan("");
  const std::vector<Row> rows = {
      {"sequences has 0 entries: must have 1 to 4096", [](Problem& p) { p.sequences.clear(); }},
      {"sequences[1].kv_len = -2: must be in [0, 1048576]",
       [](Problem& p) { p.sequences[1].kv_len = -2; }},
      {"sequences[0].q_len = 1000000000000",
       [](Problem& p) { p.sequences[0].q_len = 1'000'000'000'000; }},
      {"sequences[2].start_pos = 1048577", [](Problem& p) { p.sequences[2].start_pos = 1048577; }},
      {"num_q_heads = 3: must be a multiple of num_kv_heads, 2",
       [](Problem& p) { p.num_q_heads = 3; }},
      {"num_kv_heads = 0", [](Problem& p) { p.num_kv_heads = 0; }},
      {"num_q_heads = 2048", [](Problem& p) { p.num_q_heads = 2048; }},
      {"head_dim_qk = 0", [](Problem& p) { p.head_dim_qk = 0; }},
      {"head_dim_v = 5000: must be in [1, 4096]", [](Problem& p) { p.head_dim_v = 5000; }},
      {"head_dim_v = 9: must be at most head_dim_qk, 8",
       [](Problem& p) {
         p.v_is_k_prefix = true;
         p.head_dim_v = 9;
       }},
      {"v_dtype = f16: must be k_dtype, f32",
       [](Problem& p) {
         p.v_is_k_prefix = true;
         p.v_dtype = DType::kF16;
       }},
      {"v_scale: must be the same as k_scale", [](Problem& p) { p.v_is_k_prefix = true; }},
      {"k would have 8589975552 elements",
       [](Problem& p) {
         p.sequences[1].kv_len = 1 << 20;
         p.num_kv_heads = p.num_q_heads = 2;
         p.head_dim_qk = 4096;
       }},
      {"bias would have",
       [](Problem& p) {
         p.bias = Bias::kPerHead;
         p.sequences[0] = {.q_len = 65536, .kv_len = 65536};
       }},
      {"scale = nan: must be finite", [nan](Problem& p) { p.scale = nan; }},
      {"scale = inf", [](Problem& p) { p.scale = kInfinity; }},
      {"softcap = -1: must be finite and at least 0", [](Problem& p) { p.softcap = -1.0; }},
      {"softcap = nan", [nan](Problem& p) { p.softcap = nan; }},
      {"alibi_slopes has 3 entries", [](Problem& p) { p.alibi_slopes.pop_back(); }},
      {"alibi_slopes[2] = nan", [nan](Problem& p) { p.alibi_slopes[2] = nan; }},
      {"alibi_slopes[0] = 0.1: must be exact in f32, for example 0.1000000014",
       [](Problem& p) { p.alibi_slopes[0] = 0.1; }},
      {"sinks[0] = inf: must be finite or -inf", [](Problem& p) { p.sinks[0] = kInfinity; }},
      {"sinks[3] = nan", [nan](Problem& p) { p.sinks[3] = nan; }},
      {"k_scale has 5 entries: must have none, 1, 2 (heads) or 6 (batch * heads)",
       [](Problem& p) { p.k_scale.assign(5, 1.0); }},
      {"k_scale[1] = 0: must be finite and not 0", [](Problem& p) { p.k_scale[1] = 0.0; }},
      {"q_scale has 2 entries",
       [](Problem& p) {
         p.q_scale = {1.0, 1.0};
       }},
      {"v_scale[0] = inf", [](Problem& p) { p.v_scale = {kInfinity}; }},
      {"o_scale = 0: must be finite and not 0", [](Problem& p) { p.o_scale = 0.0; }},
      {"mask.window_left = -1: must be in [0, 2147483647]",
       [](Problem& p) { p.mask.window_left = -1; }},
      {"mask.window_right = -7", [](Problem& p) { p.mask.window_right = -7; }},
      {"mask.attention_chunk = 0: must be in [1,", [](Problem& p) { p.mask.attention_chunk = 0; }},
      {"mask.tree has 1 entries", [](Problem& p) { p.mask.tree.resize(1); }},
      {"mask.tree[0] has 6 tokens: at most kv_len, 5",
       [](Problem& p) { p.mask.tree[0].parent.assign(6, -1); }},
      {"mask.tree[0].parent[2] = 2: must be -1 or an earlier token",
       [](Problem& p) { p.mask.tree[0].parent[2] = 2; }},
      {"mask.tree[0].parent[1] = -2", [](Problem& p) { p.mask.tree[0].parent[1] = -2; }},
      {"mask.custom has 2 entries", [](Problem& p) { p.mask.custom.pop_back(); }},
      {"mask.custom[0] has 9 entries: must have q_len * kv_len = 10",
       [](Problem& p) { p.mask.custom[0].pop_back(); }},
      {"mask.custom[0][4] = 2: must be 0 or 1", [](Problem& p) { p.mask.custom[0][4] = 2; }},
  };
  for (const Row& row : rows) {
    Problem problem = good_problem();
    row.damage(problem);
    const std::string error = find_error(problem).value_or("(no error)");
    EXPECT_NE(error.find(row.message), std::string::npos) << error << "\nnot " << row.message;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(ProblemTest, TheLargestFieldsOverflowNothing) {
  Problem problem;
  problem.sequences.assign(kMaxBatch, {.q_len = kMaxTokens, .kv_len = kMaxTokens});
  problem.num_q_heads = problem.num_kv_heads = kMaxHeads;
  problem.head_dim_qk = problem.head_dim_v = kMaxHeadDim;
  problem.bias = Bias::kPerHead;
  EXPECT_EQ(find_error(problem),
            "sequences: q would have 18014398509481984 elements, at most 268435456");
}

TEST(NumericsTest, GenericMeansEverythingInOneType) {
  const Numerics numerics = generic_numerics(DType::kF64);
  EXPECT_EQ(numerics.accumulate, DType::kF64);
  EXPECT_EQ(numerics.p_dtype, DType::kF64);
  EXPECT_EQ(numerics.accumulator, Accumulator::kRoundToNearest);
  EXPECT_EQ(numerics.merge_levels, 0);
}

}  // namespace
}  // namespace attest::problem
