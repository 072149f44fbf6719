#include "shrinkers/repair.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "problem/inputs.h"
#include "shrinkers/merge_trees.h"
#include "shrinkers/sharing.h"
#include "tests/shrinkers/random_case.h"

namespace attest::tests {
namespace {

using problem::Case;
using problem::KvLayout;
using problem::Problem;
using problem::Range;
using problem::Tensor;

constexpr std::uint64_t kNumRepairs = 300;

// What find_error says about `value`, for EXPECT_EQ with "".
std::string error_in(const Case& value) { return problem::find_error(value).value_or(""); }

TEST(Repair, KeepsEveryCaseValid) {
  for (std::uint64_t seed = 0; seed < kNumRepairs; ++seed) {
    const Case base = random_case(seed);
    const Problem& problem = base.problem();
    for (std::int64_t b = 0; b < problem.batch(); ++b) {
      EXPECT_EQ(error_in(shrinkers::keep_sequences(base, {b})), "") << seed;
      const problem::Sequence& s = problem.sequences[static_cast<std::size_t>(b)];
      const Range rows{s.q_len / 3, s.q_len - s.q_len / 4};
      const Range keys{s.kv_len / 4, s.kv_len - s.kv_len / 3};
      EXPECT_EQ(error_in(shrinkers::remove_tokens(base, b, rows, keys)), "") << seed;
      EXPECT_EQ(error_in(shrinkers::remove_tokens(base, b, {0, s.q_len}, {0, s.kv_len})), "");
    }
    EXPECT_EQ(error_in(shrinkers::with_heads(base, problem.group(), 1)), "") << seed;
    EXPECT_EQ(error_in(shrinkers::with_head_dims(base, 1, 1)), "") << seed;
    EXPECT_EQ(error_in(shrinkers::without_lane(base, 0, true, true)), "") << seed;
    EXPECT_EQ(error_in(shrinkers::without_sharing(base)), "") << seed;
    for (std::size_t part = 0; part < base.plan.parts.size(); ++part) {
      Case fewer = base;
      fewer.plan = shrinkers::without_part(base.plan, part);
      EXPECT_EQ(error_in(fewer), "") << seed << ", part " << part;
    }
  }
}

// Two sequences of 3 and 4 keys and 2 rows, every element written: its value names its place.
Case numbered() {
  Problem problem;
  problem.sequences = {{2, 3, {}}, {2, 4, {}}};
  problem.num_q_heads = 4;
  problem.num_kv_heads = 2;
  problem.head_dim_qk = problem.head_dim_v = 2;
  problem.q_dtype = problem.k_dtype = problem.v_dtype = problem::DType::kF64;
  problem.alibi_slopes = {0.0, 1.0, 2.0, 3.0};
  problem.k_scale = {1.0, 2.0, 3.0, 4.0};
  Case value = problem::make_case(problem);
  for (const Tensor tensor : {Tensor::kQ, Tensor::kK, Tensor::kV}) {
    for (std::int64_t b = 0; b < 2; ++b) {
      const problem::Extent extent = problem::extent_of(problem, tensor, b);
      for (std::int64_t t = 0; t < extent.tokens; ++t) {
        for (std::int64_t h = 0; h < extent.heads; ++h) {
          for (std::int64_t d = 0; d < extent.lanes; ++d) {
            const auto name = static_cast<double>(1000 * b + 100 * t + 10 * h + d);
            value.values.overrides.push_back(
                {tensor, b, t, h, d, problem::encode(extent.type, name)});
          }
        }
      }
    }
  }
  return value;
}

std::vector<double> values_of(const problem::Elements& elements) {
  std::vector<double> result;
  for (std::size_t i = 0; i < elements.size(); ++i) result.push_back(elements.value(i));
  return result;
}

problem::Inputs inputs_of(const Case& value) {
  return problem::make_inputs(value.problem(), value.values, value.storage);
}

TEST(Repair, ContentsMoveWithTheirSequenceTokenHeadAndLane) {
  Case value = shrinkers::keep_sequences(numbered(), {1});
  EXPECT_EQ(value.problem().k_scale, (problem::Scales{3.0, 4.0}));
  value = shrinkers::remove_tokens(value, 0, {0, 1}, {1, 3});
  value = shrinkers::keep_heads(value, {2, 3}, {1});
  EXPECT_EQ(value.problem().alibi_slopes, (std::vector<double>{2.0, 3.0}));
  EXPECT_EQ(value.problem().k_scale, (problem::Scales{4.0}));
  value = shrinkers::without_lane(value, 0, true, false);
  EXPECT_EQ(values_of(inputs_of(value).q), (std::vector<double>{1121, 1131}));
  EXPECT_EQ(values_of(inputs_of(value).k), (std::vector<double>{1011, 1311}));
  EXPECT_EQ(values_of(inputs_of(value).v), (std::vector<double>{1010, 1011, 1310, 1311}));
}

TEST(Repair, ExplicitPositionsFollowTheRemainingKeys) {
  Case value = numbered();
  value.problem().sequences[0].start_pos = 1;
  const auto start_after = [&](Range rows, Range keys) {
    return shrinkers::remove_tokens(value, 0, rows, keys).problem().sequences[0].start_pos;
  };
  EXPECT_EQ(start_after({0, 0}, {0, 1}), 0);
  EXPECT_EQ(start_after({0, 0}, {2, 3}), 1);
  EXPECT_EQ(start_after({0, 1}, {0, 0}), 2);
  EXPECT_EQ(start_after({0, 1}, {0, 2}), 0);
  EXPECT_EQ(start_after({1, 2}, {0, 0}), 1);
}

TEST(Repair, ChildrenOfARemovedTreeTokenGoToItsParent) {
  Case value = numbered();
  value.problem().mask.tree = {{{-1, 0, 1}}, {{}}};
  value = shrinkers::remove_tokens(value, 0, {0, 0}, {1, 2});
  EXPECT_EQ(value.problem().mask.tree[0].parent, (std::vector<std::int32_t>{-1, 0}));
  value = shrinkers::remove_tokens(value, 0, {0, 0}, {0, 1});
  EXPECT_EQ(value.problem().mask.tree[0].parent, (std::vector<std::int32_t>{-1}));
}

TEST(Repair, CustomMasksLoseRowsAndColumns) {
  Case value = numbered();
  value.problem().mask.custom = {{1, 0, 1, 0, 1, 0}, std::vector<std::uint8_t>(8, 1)};
  value = shrinkers::remove_tokens(value, 0, {0, 1}, {0, 1});
  EXPECT_EQ(value.problem().mask.custom[0], (std::vector<std::uint8_t>{1, 0}));
}

TEST(Repair, PartsStayWhenTheirKeysGo) {
  Case value = numbered();
  value.plan.parts = {{{1, 3}, {0, 4}}, {{0, 1}, {4, 4}}};
  value = shrinkers::remove_tokens(value, 0, {0, 0}, {0, 2});
  EXPECT_EQ(value.plan.parts[0][0], (Range{0, 1}));
  EXPECT_EQ(value.plan.parts[1][0], (Range{0, 0}));
}

TEST(Repair, TheKeysOfARemovedPartGoToItsNeighbour) {
  problem::Plan plan;
  plan.parts = {{{3, 5}}, {{0, 1}}, {{1, 3}}, {{5, 5}}};
  plan.merges = {{0, 2}, {1, 3}, {4, 5}};
  const problem::Plan fewer = shrinkers::without_part(plan, 2);
  EXPECT_EQ(fewer.parts, (std::vector<std::vector<Range>>{{{3, 5}}, {{0, 3}}, {{5, 5}}}));
  EXPECT_EQ(fewer.merges, (shrinkers::MergeSteps{{1, 2}, {0, 3}}));
}

TEST(MergeTrees, LeftFoldNamesEachStateOnce) {
  EXPECT_EQ(shrinkers::left_fold(4), (shrinkers::MergeSteps{{0, 1}, {4, 2}, {5, 3}}));
  EXPECT_TRUE(shrinkers::left_fold(1).empty());
}

TEST(MergeTrees, InlinedStepsKeepTheirOperands) {
  EXPECT_EQ(shrinkers::with_step_inlined({{2, 0}, {4, 1}, {3, 5}}, 4, 0),
            (shrinkers::MergeSteps{{2, 0, 1}, {3, 4}}));
}

TEST(Sharing, SeesSharedAndMisplacedPages) {
  const problem::KvStorage storage{KvLayout::kPagedNHD, 4, 9, {{0, 5}, {0, 2, 3}}, 0, 0};
  EXPECT_EQ(shrinkers::table_entries(storage), 5);
  EXPECT_EQ(shrinkers::shared_entries(storage), 1);
  EXPECT_EQ(shrinkers::pages_in_use(storage), (std::vector<std::int32_t>{0, 5, 2, 3}));
  EXPECT_EQ(shrinkers::misplaced_pages(storage), 1);
}

}  // namespace
}  // namespace attest::tests
