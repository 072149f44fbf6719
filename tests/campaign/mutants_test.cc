#include "campaign/mutants.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "campaign/errors.h"
#include "campaign/table.h"
#include "tests/campaign/cards.h"
#include "tests/campaign/fakes.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Verdict;
using properties::Harness;
using properties::Property;
using tests::fake_property;
using tests::number_of;
using tests::run_defect;

/// Fails, and the altered line runs, for one case in seven.
Verdict one_in_seven(const Case& value, Harness&) {
  if (number_of(value) % 7 != 3) return Verdict::pass();
  run_defect();
  return Verdict::fail("nan", "3 modulo 7");
}

const Property kKills = fake_property("first.kills", one_in_seven);
const Property kKillsToo = fake_property("second.kills", one_in_seven);
const Property kReaches = fake_property("first.reaches", [](const Case&, Harness&) {
  run_defect();
  return Verdict::pass(0.5);
});
const Property kNeverThere =
    fake_property("first.never_there", [](const Case&, Harness&) { return Verdict::pass(0.5); });
const Property kFailsForAnotherReason =
    fake_property("first.other_reason", [](const Case& value, Harness&) {
      return number_of(value) % 7 == 3 ? Verdict::fail("nan", "not the defect") : Verdict::pass();
    });

Options card_options(std::vector<const Property*> properties) {
  Options options;
  options.kernels = {tests::fake_kernel("planted/a"), tests::fake_kernel("planted/b"),
                     tests::fake_kernel("planted/c")};
  options.properties = std::move(properties);
  options.cases = 60;
  options.jobs = 2;
  options.open = tests::fake_sessions();
  return options;
}

std::uint64_t first_failing(const Property& property, const std::string& kernel) {
  for (std::uint64_t k = 0;; ++k) {
    const Case drawn = properties::draw_case(property, tests::fake_kernel(kernel), kDefaultSeed, k);
    if (number_of(drawn) % 7 == 3) return k;
  }
}

TEST(Mutants, CasesToTheFirstKillCountThoseOfAllPropertiesInTurn) {
  const Card card = run_mutants(card_options({&kReaches, &kKills, &kNeverThere, &kKillsToo}));
  ASSERT_EQ(card.bugs.size(), 3u);
  for (const CardBug& bug : card.bugs) {
    ASSERT_EQ(bug.fate(), Fate::kKilled);
    const std::uint64_t a = first_failing(kKills, bug.kernel.name);
    const std::uint64_t b = first_failing(kKillsToo, bug.kernel.name);
    EXPECT_EQ(bug.first->cases, static_cast<std::int64_t>(std::min(4 * a + 2, 4 * b + 4)));
    EXPECT_EQ(bug.first->pair, 4 * a + 2 < 4 * b + 4 ? 1u : 3u);
    EXPECT_EQ(bug.pairs[1].killed_at, a);
    EXPECT_EQ(bug.pairs[1].cases, static_cast<std::int64_t>(a) + 1) << "a kill ends its pair";
    EXPECT_EQ(bug.pairs[3].killed_at, b);
    EXPECT_EQ(bug.pairs[0].cases, 60);
    EXPECT_EQ(bug.pairs[0].reached, 60);
    EXPECT_EQ(bug.pairs[2].reached, 0);
    EXPECT_EQ(bug.first->verdict.failure_class, "nan");
    EXPECT_EQ(bug.first->minimal.expected, (problem::Expectation{problem::Status::kFail, "nan"}));
  }
  EXPECT_EQ(card.exit_code(), 0);
}

TEST(Mutants, TheCardDoesNotDependOnTheLanes) {
  std::string first;
  for (const int jobs : {1, 2, 5}) {
    Options options = card_options({&kKills, &kReaches, &kKillsToo});
    options.jobs = jobs;
    const std::string text = tests::without_times(run_mutants(options));
    if (first.empty()) first = text;
    EXPECT_EQ(text, first);
  }
}

TEST(Mutants, AFailureWithoutTheAlteredLineIsNoKill) {
  const Card card = run_mutants(card_options({&kFailsForAnotherReason, &kNeverThere}));
  for (const CardBug& bug : card.bugs) {
    EXPECT_EQ(bug.fate(), Fate::kNotReached);
    EXPECT_GT(bug.pairs[0].unreached_failures, 0);
    EXPECT_FALSE(bug.first.has_value());
    EXPECT_NE(bug.reason().find("for another reason"), std::string::npos) << bug.reason();
  }
  EXPECT_EQ(card.exit_code(), 2);
}

TEST(Mutants, AnAlteredLineThatRunsUnnoticedSurvives) {
  const Card card = run_mutants(card_options({&kReaches, &kNeverThere}));
  EXPECT_EQ(card.bugs[0].fate(), Fate::kSurvived);
  EXPECT_EQ(card.exit_code(), 1);
}

// The lane that finds the failure is the only one that has it: on a fresh process it is gone.
int g_runs = 0;
TEST(Mutants, AFailureThatDoesNotComeBackIsNoKill) {
  const Property fails_once = fake_property("first.once", [](const Case&, Harness&) {
    run_defect();
    return g_runs++ == 0 ? Verdict::fail("nan", "once") : Verdict::pass();
  });
  Options options = card_options({&fails_once});
  options.jobs = 1;
  options.kernels.resize(1);
  const Card card = run_mutants(options);
  EXPECT_EQ(card.bugs[0].fate(), Fate::kSurvived);
  EXPECT_EQ(card.bugs[0].pairs[0].flaky_failures, 1);
  EXPECT_NE(card.bugs[0].reason().find("did not repeat"), std::string::npos);
}

TEST(Mutants, EverySelectedBugIsInTheDenominator) {
  const Property only_b = [] {
    Property property = kKills;
    property.applies = [](const kernels::KernelInfo& info) { return info.name == "planted/b"; };
    return property;
  }();
  const Card card = run_mutants(card_options({&only_b}));
  ASSERT_EQ(card.bugs.size(), 3u);
  EXPECT_EQ(card.bugs[0].fate(), Fate::kNoProperty);
  EXPECT_EQ(card.bugs[1].fate(), Fate::kKilled);
  EXPECT_EQ(card.killed(), 1);
  EXPECT_EQ(card.exit_code(), 2);
}

TEST(Mutants, NothingAppliesIsNothingToDo) {
  Property never = kKills;
  never.applies = [](const kernels::KernelInfo&) { return false; };
  EXPECT_THROW(run_mutants(card_options({&never})), NothingToDo);
}

TEST(Mutants, ABugWhoseTimeEndsIsNotSaidToSurvive) {
  const Property slow = fake_property("first.slow", [](const Case&, Harness&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    run_defect();
    return Verdict::pass();
  });
  Options options = card_options({&slow});
  options.cases.reset();
  options.time = std::chrono::milliseconds(150);
  const Card card = run_mutants(options);
  for (const CardBug& bug : card.bugs) {
    EXPECT_EQ(bug.fate(), Fate::kTimedOut);
    EXPECT_GT(bug.cases(), 0) << "time is shared equally";
  }
  EXPECT_EQ(card.exit_code(), 2);
  EXPECT_LT(card.elapsed, std::chrono::seconds(10));
}

TEST(Mutants, AMinimalCaseStillRunsTheAlteredLine) {
  const Property fails_always = fake_property("first.always", [](const Case& value, Harness&) {
    if (value.problem().sequences[0].kv_len >= 2) run_defect();
    return Verdict::fail("nan", "always");
  });
  Options options = card_options({&fails_always});
  options.kernels.resize(1);
  const Card card = run_mutants(options);
  ASSERT_EQ(card.bugs[0].fate(), Fate::kKilled);
  EXPECT_TRUE(card.bugs[0].first->why_not_shrunk.empty());
  EXPECT_EQ(card.bugs[0].first->minimal.problem().sequences.size(), 1u);
  EXPECT_EQ(card.bugs[0].first->minimal.problem().sequences[0].kv_len, 2);
}

}  // namespace
}  // namespace attest::campaign
