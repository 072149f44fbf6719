// How the descent goes about it: what it asks, what it counts, when it stops.
#include "shrinkers/minimise.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "problem/errors.h"
#include "shrinkers/case_key.h"
#include "shrinkers/order.h"
#include "shrinkers/shrinkers.h"
#include "tests/shrinkers/failures.h"
#include "tests/shrinkers/random_case.h"

namespace attest::tests {
namespace {

using problem::Case;
using problem::Problem;
using shrinkers::Judgement;
using shrinkers::minimise;
using shrinkers::MinimiseResult;

TEST(Minimise, NeverJudgesACaseTwiceNorALargerOne) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Case start = random_case(seed);
    std::set<shrinkers::CaseKey> judged = {shrinkers::key_of(start)};
    std::int64_t calls = 0;
    const auto shrunk = minimise(start, [&](const Case& value) {
      ++calls;
      EXPECT_TRUE(judged.insert(shrinkers::key_of(value)).second) << "seed " << seed;
      EXPECT_LT(shrinkers::complexity(value), shrinkers::complexity(start));
      return query_sees_itself(value) ? Judgement::kFailsSame : Judgement::kPasses;
    });
    EXPECT_EQ(shrunk.record.evaluations, calls);
  }
}

TEST(Minimise, SweepsEveryCandidateOfTheMinimalCase) {
  const auto judge = [](const Case& value) {
    if (!query_sees_itself(value)) return Judgement::kPasses;
    if (!value.problem().mask.causal) return Judgement::kFailsOther;
    return value.problem().num_q_heads > 1 ? Judgement::kFailsSame : Judgement::kInapplicable;
  };
  int studied = 0;
  for (std::uint64_t seed = 0; studied < 20; ++seed) {
    if (judge(random_case(seed)) != Judgement::kFailsSame) continue;
    ++studied;
    const MinimiseResult shrunk = minimise(random_case(seed), judge);
    std::int64_t passed = 0;
    std::int64_t rejected = 0;
    shrinkers::for_each_candidate(shrunk.minimal, [&](const Case& value) {
      const Judgement judgement = judge(value);
      EXPECT_NE(judgement, Judgement::kFailsSame);
      passed += judgement == Judgement::kPasses ? 1 : 0;
      rejected += judgement == Judgement::kFailsOther ? 1 : 0;
      return false;
    });
    EXPECT_TRUE(shrunk.record.minimal);
    EXPECT_EQ(shrunk.record.passed, passed);
    EXPECT_EQ(shrunk.record.rejected, rejected);
    EXPECT_GT(shrunk.inapplicable, 0);
  }
}

// Pages of 16 in one layout and heads of multiples of 8, as a real kernel would have it.
TEST(Minimise, StaysInsideWhatAKernelTakes) {
  const auto takes = [](const Case& value) {
    const Problem& problem = value.problem();
    return value.storage.layout == problem::KvLayout::kPagedNHD && value.storage.page_size == 16 &&
           problem.head_dim_qk % 8 == 0;
  };
  std::vector<std::int64_t> evaluations;
  for (std::uint64_t seed = 0; evaluations.size() < 20; ++seed) {
    const Case start = random_case(seed);
    if (!takes(start) || !query_sees_itself(start)) continue;
    const MinimiseResult shrunk = minimise(start, [&](const Case& value) {
      if (!takes(value)) return Judgement::kInapplicable;
      return query_sees_itself(value) ? Judgement::kFailsSame : Judgement::kPasses;
    });
    EXPECT_TRUE(shrunk.record.minimal);
    EXPECT_EQ(shrunk.minimal.problem().head_dim_qk, 8);
    EXPECT_EQ(shrunk.minimal.problem().total_kv(), 1);
    EXPECT_EQ(shrunk.minimal.storage.num_pages, 1);
    evaluations.push_back(shrunk.record.evaluations);
  }
  EXPECT_LE(*std::max_element(evaluations.begin(), evaluations.end()), 60);
}

TEST(Minimise, IsDeterministic) {
  const auto first = minimise(random_case(5), judge_by(always));
  const auto second = minimise(random_case(5), judge_by(always));
  EXPECT_TRUE(first.minimal == second.minimal);
  EXPECT_TRUE(first.record == second.record);
}

TEST(Minimise, SaysWhenALimitEndedIt) {
  for (const std::int64_t most : {0, 1, 5}) {
    const auto shrunk = minimise(random_case(5), judge_by(query_sees_itself), {most, nullptr});
    EXPECT_FALSE(shrunk.record.minimal);
    EXPECT_LE(shrunk.record.evaluations, most);
  }
  int asked = 0;
  const auto late =
      minimise(random_case(5), judge_by(query_sees_itself), {1000, [&] { return ++asked > 4; }});
  EXPECT_FALSE(late.record.minimal);
  EXPECT_EQ(late.record.evaluations, 4);
}

TEST(Minimise, LeavesTheSmallestCaseAsItIs) {
  const auto shrunk = minimise(smallest_case(), judge_by(always));
  EXPECT_TRUE(shrunk.minimal == smallest_case());
  EXPECT_TRUE(shrunk.record.minimal);
  EXPECT_EQ(shrunk.record.evaluations, 0);
}

TEST(Minimise, RefusesAnInvalidStart) {
  Case broken = smallest_case();
  broken.problem().head_dim_v = -1;
  EXPECT_THROW(minimise(broken, judge_by(always)), ContractError);
}

}  // namespace
}  // namespace attest::tests
