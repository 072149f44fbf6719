// What the descent ends at, whatever it started from, and what that costs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "shrinkers/minimise.h"
#include "shrinkers/order.h"
#include "tests/shrinkers/failures.h"
#include "tests/shrinkers/random_case.h"

namespace attest::tests {
namespace {

using problem::Case;
using problem::Sequence;
using shrinkers::Axis;
using shrinkers::minimise;
using shrinkers::MinimiseResult;

struct Study {
  std::vector<std::int64_t> evaluations;
  std::vector<Case> minimal;
  std::int64_t median() const {
    std::vector<std::int64_t> sorted = evaluations;
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0 : sorted[sorted.size() / 2];
  }
};

// Shrinks the first `wanted` random cases that fail.
Study study(const Predicate& fails, std::size_t wanted = 100) {
  Study result;
  for (std::uint64_t seed = 0; result.evaluations.size() < wanted && seed < 20'000; ++seed) {
    const Case start = random_case(seed);
    if (!fails(start)) continue;
    const MinimiseResult shrunk = minimise(start, judge_by(fails));
    EXPECT_TRUE(shrunk.record.minimal) << "seed " << seed;
    EXPECT_TRUE(fails(shrunk.minimal)) << "seed " << seed;
    result.evaluations.push_back(shrunk.record.evaluations);
    result.minimal.push_back(shrunk.minimal);
  }
  return result;
}

// All starts end at cases equal on every axis of the order; returns one of them.
Case common_minimum(const Study& shrunk) {
  EXPECT_EQ(shrunk.minimal.size(), 100u);
  for (const Case& value : shrunk.minimal) {
    EXPECT_EQ(shrinkers::complexity(value), shrinkers::complexity(shrunk.minimal.front()));
  }
  return shrunk.minimal.front();
}

std::int64_t axis(const Case& value, Axis which) { return shrinkers::complexity(value)[which]; }

// One sequence, head and lane.
void expect_single(const Case& value) {
  EXPECT_EQ(value.problem().batch(), 1);
  EXPECT_EQ(value.problem().num_q_heads, 1);
  EXPECT_EQ(value.problem().head_dim_qk, 1);
  EXPECT_EQ(value.problem().head_dim_v, 1);
}

TEST(Minima, AreNothingAtAllWhenEverythingFails) {
  const Study shrunk = study(always);
  const Case minimal = common_minimum(shrunk);
  expect_single(minimal);
  EXPECT_EQ(minimal.problem().total_q() + minimal.problem().total_kv(), 0);
  EXPECT_LE(shrunk.median(), 20);
}

TEST(Minima, AreOneQueryAndOneKeyWhenAQueryMissesItself) {
  const Study shrunk = study(query_sees_itself);
  const Case minimal = common_minimum(shrunk);
  expect_single(minimal);
  EXPECT_EQ(minimal.problem().sequences[0], (Sequence{1, 1, {}}));
  EXPECT_EQ(axis(minimal, Axis::kFeatures), 0);
  EXPECT_LE(shrunk.median(), 30);
}

TEST(Minima, HoldWindowPlusOneKeys) {
  const Study shrunk = study(window_shorter_than_cache);
  const Case minimal = common_minimum(shrunk);
  expect_single(minimal);
  EXPECT_EQ(minimal.problem().total_kv(), *minimal.problem().mask.window_left + 1);
  EXPECT_EQ(axis(minimal, Axis::kFeatures), 1);
  EXPECT_LE(shrunk.median(), 40);
}

TEST(Minima, HoldTwoSequencesThatShareOnePage) {
  const Study shrunk = study(sequences_share_a_page);
  const Case minimal = common_minimum(shrunk);
  EXPECT_EQ(minimal.problem().batch(), 2);
  EXPECT_EQ(minimal.problem().total_kv(), 2);
  EXPECT_EQ(minimal.storage.num_pages, 1);
  EXPECT_EQ(minimal.storage.page_size, 1);
  EXPECT_LE(shrunk.median(), 60);
}

TEST(Minima, HoldTwoEmptyParts) {
  const Study shrunk = study(two_empty_parts);
  const Case minimal = common_minimum(shrunk);
  expect_single(minimal);
  EXPECT_EQ(minimal.plan.parts.size(), 2u);
  EXPECT_EQ(empty_parts(minimal, 0), 2);
  EXPECT_LE(shrunk.median(), 40);
}

TEST(Minima, EndOneKeyPastTheTile) {
  const Study shrunk = study(more_than_a_tile);
  const Case minimal = common_minimum(shrunk);
  expect_single(minimal);
  EXPECT_EQ(minimal.problem().total_kv(), 33);
  EXPECT_LE(shrunk.median(), 60);
}

TEST(Minima, HoldAPageOfTwoSlotsWithAPoisonedTail) {
  const Study shrunk = study(page_tail_is_poisoned);
  const Case minimal = common_minimum(shrunk);
  expect_single(minimal);
  EXPECT_EQ(minimal.problem().total_kv(), 1);
  EXPECT_EQ(minimal.storage.page_size, 2);
  ASSERT_EQ(minimal.poisons.size(), 1u);
  EXPECT_EQ(minimal.poisons[0].kind, problem::PoisonKind::kNaN);
  EXPECT_FALSE(minimal.poisons[0].in_k);
  EXPECT_LE(shrunk.median(), 60);
}

TEST(Minima, HaveTheSmallestSizesThatFail) {
  const Study shrunk = study(grouped_with_wide_heads);
  const Case minimal = common_minimum(shrunk);
  EXPECT_EQ(minimal.problem().num_q_heads, 2);
  EXPECT_EQ(minimal.problem().num_kv_heads, 1);
  EXPECT_EQ(minimal.problem().head_dim_qk, 17);
  EXPECT_LE(shrunk.median(), 60);
}

TEST(Minima, HoldOneMisplacedPage) {
  const Study shrunk = study(pages_out_of_order);
  const Case minimal = common_minimum(shrunk);
  EXPECT_EQ(minimal.storage.num_pages, 2);
  EXPECT_EQ(minimal.storage.block_table, (std::vector<std::vector<std::int32_t>>{{1}}));
  EXPECT_LE(shrunk.median(), 80);
}

TEST(Minima, KeepTheSecondHeadOfTheSecondSequence) {
  const Study shrunk = study(second_head_of_second_sequence);
  const Case minimal = common_minimum(shrunk);
  EXPECT_EQ(minimal.problem().batch(), 2);
  EXPECT_EQ(minimal.problem().num_kv_heads, 2);
  EXPECT_EQ(minimal.problem().total_q(), 1);
  EXPECT_LE(shrunk.median(), 50);
}

TEST(Minima, HoldTheSmallestTreeOfMerges) {
  const Study shrunk = study(merge_tree_of_three);
  const Case minimal = common_minimum(shrunk);
  EXPECT_EQ(minimal.plan.merges, (std::vector<std::vector<std::int32_t>>{{0, 1}, {3, 2}}));
  EXPECT_LE(shrunk.median(), 60);
}

TEST(Minima, HaveTheirContentsWrittenOutAsSmallNumbers) {
  const Study shrunk = study(some_large_value);
  EXPECT_LE(shrunk.median(), 100);
  for (const Case& minimal : shrunk.minimal) {
    // Everything but one element is 0, and that is 3.
    EXPECT_EQ(axis(minimal, Axis::kDrawnElements), 0);
    EXPECT_EQ(axis(minimal, Axis::kElementCost), 6);
  }
}

}  // namespace
}  // namespace attest::tests
