#include "campaign/confirm.h"

#include <gtest/gtest.h>

#include "campaign/shrink_loop.h"
#include "problem/values.h"
#include "tests/campaign/fakes.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Verdict;
using properties::Harness;
using tests::fake_property;
using tests::number_of;

/// The state that a kernel object keeps here: what it has seen since the session's last restart.
struct Memory {
  std::uint64_t generation = 0;
  std::vector<std::uint64_t> seen;

  std::vector<std::uint64_t>& of(Harness& harness) {
    if (generation != harness.session().generation()) seen.clear();
    generation = harness.session().generation();
    return seen;
  }
};
Memory g_memory;

/// Fails as number 77 when 3 and, later, 5 came before.
Verdict needs_three_then_five(const Case& value, Harness& harness) {
  std::vector<std::uint64_t>& seen = g_memory.of(harness);
  const auto three = std::find(seen.begin(), seen.end(), 3);
  const bool both = std::find(three, seen.end(), 5) != seen.end();
  seen.push_back(number_of(value));
  return both && number_of(value) == 77 ? Verdict::fail("value", "stale", 9.0) : Verdict::pass();
}

class ConfirmTest : public ::testing::Test {
 protected:
  ConfirmTest()
      : session_(tests::fake_sessions()(tests::fake_kernel("fake/a"), {})), harness_(*session_) {
    g_memory = {};
  }

  static Case number(std::uint64_t seed) {
    problem::Problem problem;
    problem.sequences = {{.q_len = 3, .kv_len = 5}};
    Case value = problem::make_case(problem);
    value.property = "fake.state";
    value.values.seed = seed;
    return value;
  }
  static std::vector<Case> numbers(const std::vector<std::uint64_t>& seeds) {
    std::vector<Case> cases;
    for (const std::uint64_t seed : seeds) cases.push_back(number(seed));
    return cases;
  }
  static std::vector<std::uint64_t> seeds_of(const std::vector<Case>& cases) {
    std::vector<std::uint64_t> seeds;
    for (const Case& value : cases) seeds.push_back(number_of(value));
    return seeds;
  }

  std::unique_ptr<kernels::Session> session_;
  Harness harness_;
  properties::Property property_ = fake_property("fake.state", needs_three_then_five);
  Verdict first_ = Verdict::fail("value", "stale", 9.0);
};

TEST_F(ConfirmTest, WhatMayBeAnothersFaultIsSettledOnFreshProcessesAndWithItsHistory) {
  const Case value = number(77);
  const auto settled = [&](const std::vector<std::uint64_t>& history) {
    return settle(property_, value, harness_, [&] { return numbers(history); });
  };
  EXPECT_TRUE(settled({1, 3, 2, 5}).failed());
  EXPECT_TRUE(g_memory.of(harness_).empty()) << "what it has seen is gone";
  EXPECT_FALSE(settled({5, 3}).failed());
  EXPECT_FALSE(settle(property_, value, harness_).failed());

  // Fails once in three runs, as a race may.
  static int g_runs;
  g_runs = 0;
  const properties::Property rare = fake_property("fake.rare", [](const Case&, Harness&) {
    return ++g_runs % 3 == 0 ? Verdict::fail("value", "rare", 9.0) : Verdict::pass();
  });
  EXPECT_TRUE(settle(rare, value, harness_).failed());
  EXPECT_EQ(g_runs, 3);
}

TEST_F(ConfirmTest, AFailureThatComesBackByItselfIsPlain) {
  property_.check = [](const Case&, Harness&) { return Verdict::fail("nan", "always"); };
  const Confirmed confirmed = confirm(property_, number(77), first_, harness_, [] {
    ADD_FAILURE() << "its history was asked for";
    return std::vector<Case>{};
  });
  EXPECT_EQ(confirmed.kind, Kind::kPlain);
  EXPECT_TRUE(confirmed.value.history.empty());
}

TEST_F(ConfirmTest, AFailureThatNeedsItsHistoryKeepsTheShortestOne) {
  const Confirmed confirmed = confirm(property_, number(77), first_, harness_, [] {
    return numbers({9, 5, 8, 3, 1, 2, 3, 6, 5, 4, 5, 7, 7, 7, 7, 7, 7, 7});
  });
  EXPECT_EQ(confirmed.kind, Kind::kStateful);
  EXPECT_EQ(seeds_of(confirmed.value.history), (std::vector<std::uint64_t>{3, 5}));
  EXPECT_EQ(confirmed.verdict.message, "after 2 other checks on the same kernel object: stale");
  EXPECT_EQ(confirmed.verdict.failure_class, "value");
}

TEST_F(ConfirmTest, AFailureThatNeitherBringsBackIsFlakyWithItsRate) {
  const Confirmed confirmed = confirm(property_, number(77), first_, harness_, [] {
    return numbers({5, 3, 1});
  });
  EXPECT_EQ(confirmed.kind, Kind::kFlaky);
  EXPECT_TRUE(confirmed.value.history.empty());
  EXPECT_EQ(confirmed.verdict.status, problem::Status::kFlaky);
  EXPECT_TRUE(confirmed.verdict.message.starts_with("failed once, and in 0 of 20 runs"))
      << confirmed.verdict.message;
}

TEST_F(ConfirmTest, ACaseWithAHistoryLivesThroughItOnAFreshObject) {
  Case value = number(77);
  value.history = numbers({3, 5});
  for (int time = 0; time < 2; ++time) {
    EXPECT_TRUE(properties::run_check(property_, value, harness_).failed());
    EXPECT_EQ(g_memory.seen.size(), 3u);
  }
  value.history = numbers({5, 3});
  EXPECT_FALSE(properties::run_check(property_, value, harness_).failed());
}

TEST_F(ConfirmTest, ShrinkingMakesTheChecksBeforeItSmallToo) {
  const Shrunk shrunk = shrink_case(property_, number(77), first_, harness_, {}, [] {
    return numbers({9, 5, 8, 3, 1, 2, 3, 6, 5, 4});
  });
  ASSERT_TRUE(shrunk.shrunk);
  EXPECT_EQ(seeds_of(shrunk.minimal.history), (std::vector<std::uint64_t>{3, 5}));
  EXPECT_EQ(number_of(shrunk.minimal), 77u);
  EXPECT_LE(shrunk.minimal.problem().total_kv(), 1);
  for (const Case& past : shrunk.minimal.history) EXPECT_LE(past.problem().total_kv(), 1);
  EXPECT_EQ(shrunk.verdict.status, problem::Status::kFail);
  EXPECT_TRUE(properties::run_check(property_, shrunk.minimal, harness_).failed());
}

}  // namespace
}  // namespace attest::campaign
