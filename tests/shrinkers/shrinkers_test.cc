// The laws every shrinker keeps.
#include "shrinkers/shrinkers.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

#include "problem/errors.h"
#include "shrinkers/case_key.h"
#include "shrinkers/features.h"
#include "shrinkers/order.h"
#include "tests/shrinkers/random_case.h"

namespace attest::tests {
namespace {

using problem::Case;
using shrinkers::all_shrinkers;
using shrinkers::CaseKey;
using shrinkers::CaseKeyHash;
using shrinkers::complexity;
using shrinkers::key_of;
using shrinkers::reductions;
using shrinkers::Shrinker;

constexpr std::uint64_t kNumCases = 200;

TEST(Shrinkers, GiveValidAndStrictlySmallerCasesOnceEach) {
  for (std::uint64_t seed = 0; seed < kNumCases; ++seed) {
    const Case base = random_case(seed);
    ASSERT_EQ(problem::find_error(base).value_or(""), "") << "seed " << seed;
    for (const Shrinker& shrinker : all_shrinkers()) {
      std::set<CaseKey> seen;
      for (const Case& smaller : reductions(shrinker, base)) {
        EXPECT_EQ(problem::find_error(smaller).value_or(""), "") << shrinker.name << seed;
        EXPECT_LT(complexity(smaller), complexity(base)) << shrinker.name << " " << seed;
        EXPECT_TRUE(seen.insert(key_of(smaller)).second) << shrinker.name << " " << seed;
      }
    }
  }
}

// reductions() would hide them, at a cost.
TEST(Shrinkers, ProposeHardlyAnyInvalidCase) {
  std::int64_t proposed = 0;
  std::int64_t invalid = 0;
  for (std::uint64_t seed = 0; seed < kNumCases; ++seed) {
    for (const Shrinker& shrinker : all_shrinkers()) {
      for (const Case& smaller : shrinker.propose(random_case(seed))) {
        ++proposed;
        invalid += problem::find_error(smaller) ? 1 : 0;
      }
    }
  }
  EXPECT_LE(invalid * 1000, proposed);
}

TEST(Shrinkers, KeepPropertyKernelAndNote) {
  Case base = random_case(7);
  base.note = "provenance";
  shrinkers::for_each_candidate(base, [&](const Case& smaller) {
    EXPECT_EQ(smaller.property, base.property);
    EXPECT_EQ(smaller.kernel, base.kernel);
    EXPECT_EQ(smaller.note, base.note);
    return false;
  });
}

TEST(Shrinkers, EachHasSomethingToOfferForSomeCase) {
  for (const Shrinker& shrinker : all_shrinkers()) {
    bool any = false;
    for (std::uint64_t seed = 0; seed < 50 && !any; ++seed) {
      any = !reductions(shrinker, random_case(seed)).empty();
    }
    EXPECT_TRUE(any) << shrinker.name;
  }
}

TEST(Shrinkers, AreDeterministic) {
  for (const Shrinker& shrinker : all_shrinkers()) {
    EXPECT_EQ(reductions(shrinker, random_case(3)), reductions(shrinker, random_case(3)));
  }
}

TEST(Shrinkers, LeaveTheSmallestCaseAlone) {
  ASSERT_EQ(problem::find_error(smallest_case()), std::nullopt);
  EXPECT_EQ(shrinkers::Candidates(smallest_case()).next(), std::nullopt);
}

TEST(Shrinkers, CanOnlyTakeTheTokensOfAPlainCase) {
  for (const Shrinker& shrinker : all_shrinkers()) {
    EXPECT_EQ(reductions(shrinker, plain_case()).size(), shrinker.name == "tokens" ? 3u : 0u)
        << shrinker.name;
  }
}

// A walk that always takes the last candidate, usually the smallest step, still ends.
TEST(Shrinkers, TerminateHoweverOneWalks) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Case current = random_case(seed);
    int steps = 0;
    for (bool moved = true; moved; ++steps) {
      moved = false;
      for (const Shrinker& shrinker : all_shrinkers()) {
        std::vector<Case> smaller = reductions(shrinker, current);
        if (smaller.empty()) continue;
        current = smaller.back();
        moved = true;
        break;
      }
      ASSERT_LT(steps, 20'000) << "seed " << seed;
    }
    EXPECT_LT(complexity(current), complexity(random_case(seed)));
  }
}

TEST(Candidates, ComeOnceEachFromAllShrinkers) {
  const Case base = random_case(11);
  std::unordered_set<CaseKey, CaseKeyHash> expected;
  for (const Shrinker& shrinker : all_shrinkers()) {
    for (const Case& smaller : reductions(shrinker, base)) expected.insert(key_of(smaller));
  }
  std::size_t count = 0;
  EXPECT_FALSE(shrinkers::for_each_candidate(base, [&](const Case& smaller) {
    EXPECT_TRUE(expected.contains(key_of(smaller)));
    ++count;
    return false;
  }));
  EXPECT_EQ(count, expected.size());
}

TEST(Candidates, StopWhenToldTo) {
  int visited = 0;
  EXPECT_TRUE(
      shrinkers::for_each_candidate(random_case(1), [&](const Case&) { return ++visited == 3; }));
  EXPECT_EQ(visited, 3);
}

TEST(Candidates, RefuseAnInvalidCase) {
  Case broken = smallest_case();
  broken.problem().num_q_heads = 0;
  EXPECT_THROW(shrinkers::Candidates{broken}, ContractError);
}

TEST(Features, AreOffOnceSwitchedOff) {
  for (std::uint64_t seed = 0; seed < kNumCases; ++seed) {
    const Case base = random_case(seed);
    for (const auto features : {shrinkers::meaning_features(), shrinkers::execution_features()}) {
      for (const shrinkers::Feature& feature : features) {
        if (!feature.in_use(base)) continue;
        const Case without = feature.without(base);
        EXPECT_FALSE(feature.in_use(without)) << feature.name;
        EXPECT_EQ(problem::find_error(without).value_or(""), "") << feature.name << " " << seed;
      }
    }
  }
}

TEST(CaseKey, TellsCasesApartAndIgnoresNames) {
  std::set<CaseKey> keys;
  for (std::uint64_t seed = 0; seed < kNumCases; ++seed) keys.insert(key_of(random_case(seed)));
  EXPECT_EQ(keys.size(), kNumCases);
  Case named = random_case(0);
  named.kernel = "another";
  named.note = "a note";
  EXPECT_EQ(key_of(named), key_of(random_case(0)));
  named.values.seed ^= 1;
  EXPECT_NE(key_of(named), key_of(random_case(0)));
}

}  // namespace
}  // namespace attest::tests
