#include "problem/plan.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace attest::problem {
namespace {

using Steps = std::vector<std::vector<std::int32_t>>;

Problem two_decodes() {
  Problem problem;
  problem.sequences = {{.q_len = 5, .kv_len = 10}, {.q_len = 0, .kv_len = 3}};
  return problem;
}

/// Three parts, the middle one empty for sequence 1, merged as (2 + 0) + 1.
Plan three_parts() {
  Plan plan;
  plan.chunks = {{2, 0, 3}, {}};
  plan.parts = {{{4, 10}, {0, 2}}, {{0, 1}, {1, 1}}, {{1, 4}, {2, 3}}};
  plan.merges = {{2, 0}, {3, 1}};
  plan.num_splits = 3;
  return plan;
}

TEST(PlanTest, TheEmptyPlanIsOneChunkAndOnePart) {
  EXPECT_EQ(find_error(two_decodes(), Plan{}), std::nullopt);
  EXPECT_EQ(merge_steps(Plan{}), Steps{});
}

TEST(PlanTest, PartsComeInAnyOrderAndMayBeEmpty) {
  EXPECT_EQ(find_error(two_decodes(), three_parts()), std::nullopt);
}

TEST(PlanTest, WithoutStepsAllPartsMergeInOrderAtOnce) {
  Plan plan = three_parts();
  EXPECT_EQ(merge_steps(plan), (Steps{{2, 0}, {3, 1}}));
  plan.merges.clear();
  EXPECT_EQ(merge_steps(plan), (Steps{{0, 1, 2}}));
  EXPECT_EQ(find_error(two_decodes(), plan), std::nullopt);
  plan.parts.resize(1);
  EXPECT_EQ(merge_steps(plan), Steps{});
}

TEST(PlanTest, EveryBrokenFieldIsNamed) {
  struct Row {
    const char* message;
    std::function<void(Plan&)> damage;
  };
  const std::vector<Row> rows = {
      {"plan.chunks has 1 entries", [](Plan& p) { p.chunks.pop_back(); }},
      {"plan.chunks[0][1] = -1: must be in [0, 1048576]", [](Plan& p) { p.chunks[0][1] = -1; }},
      {"plan.chunks[0] adds up to 6: must be q_len, 5", [](Plan& p) { p.chunks[0][1] = 1; }},
      {"plan.chunks[1] adds up to 2: must be q_len, 0", [](Plan& p) { p.chunks[1] = {2}; }},
      {"plan.parts[1] has 3 ranges", [](Plan& p) { p.parts[1].push_back({}); }},
      {"plan.parts[0][0] = [4, 11): must be a range within [0, 10)",
       [](Plan& p) { p.parts[0][0].end = 11; }},
      {"plan.parts[1][1] = [1, 0)", [](Plan& p) { p.parts[1][1].end = 0; }},
      {"plan.parts[2][0] = [-1, 4)", [](Plan& p) { p.parts[2][0].begin = -1; }},
      {"plan.parts[2][0] overlaps plan.parts[0][0]", [](Plan& p) { p.parts[2][0].end = 5; }},
      {"plan.parts[2][1] overlaps plan.parts[0][1]", [](Plan& p) { p.parts[2][1].begin = 1; }},
      {"plan.parts: keys [3, 4) of sequence 0 are in no part",
       [](Plan& p) { p.parts[2][0].end = 3; }},
      {"plan.parts: keys [2, 3) of sequence 1 are in no part",
       [](Plan& p) { p.parts[2][1].end = 2; }},
      {"plan.parts has 5000 parts", [](Plan& p) { p.parts.resize(5000); }},
      {"plan.merges[0][1] = 3: must be in [0, 3) at this step",
       [](Plan& p) { p.merges[0][1] = 3; }},
      {"plan.merges[1][0] = -1", [](Plan& p) { p.merges[1][0] = -1; }},
      {"plan.merges[1][1] = 2: this state is merged already", [](Plan& p) { p.merges[1][1] = 2; }},
      {"plan.merges: state 1 is never merged", [](Plan& p) { p.merges[1].pop_back(); }},
      {"plan.merges[1] names no state", [](Plan& p) { p.merges[1].clear(); }},
      {"plan.num_splits = -1", [](Plan& p) { p.num_splits = -1; }},
  };
  for (const Row& row : rows) {
    Plan plan = three_parts();
    row.damage(plan);
    const std::string error = find_error(two_decodes(), plan).value_or("(no error)");
    EXPECT_NE(error.find(row.message), std::string::npos) << error << "\nnot " << row.message;
  }
}

RC_GTEST_PROP(PlanTest, CutsInAnyOrderArePartsAndLosingAKeyIsAnError, ()) {
  Problem problem;
  const auto kv_len = *rc::gen::inRange<std::int64_t>(1, 30);
  problem.sequences = {{.q_len = 1, .kv_len = kv_len}};
  auto cuts =
      *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, kv_len + 1));
  cuts.push_back(0);
  cuts.push_back(kv_len);
  std::sort(cuts.begin(), cuts.end());
  Plan plan;
  for (std::size_t i = 1; i < cuts.size(); ++i) plan.parts.push_back({{cuts[i - 1], cuts[i]}});
  const auto turn = *rc::gen::inRange<std::size_t>(0, plan.parts.size());
  std::rotate(plan.parts.begin(), plan.parts.begin() + static_cast<std::ptrdiff_t>(turn),
              plan.parts.end());
  RC_ASSERT(!find_error(problem, plan));

  const auto longest = std::max_element(
      plan.parts.begin(), plan.parts.end(),
      [](const auto& a, const auto& b) { return a[0].end - a[0].begin < b[0].end - b[0].begin; });
  (*longest)[0].end -= 1;
  RC_ASSERT(find_error(problem, plan).has_value());
}

}  // namespace
}  // namespace attest::problem
