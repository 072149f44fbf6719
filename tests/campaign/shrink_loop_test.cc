#include "campaign/shrink_loop.h"

#include <gtest/gtest.h>

#include "problem/values.h"
#include "tests/campaign/fakes.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Verdict;
using properties::Harness;
using tests::fake_property;

class ShrinkLoop : public ::testing::Test {
 protected:
  ShrinkLoop()
      : session_(tests::fake_sessions()(tests::fake_kernel("fake/a"), {})), harness_(*session_) {
    problem::Problem problem;
    problem.sequences = {{.q_len = 3, .kv_len = 7}, {.q_len = 2, .kv_len = 9}};
    problem.head_dim_qk = problem.head_dim_v = 4;
    start_ = problem::make_case(problem);
    start_.property = "fake.shrinks";
    start_.kernel = "fake/a";
    start_.values.seed = 77;
  }

  Shrunk shrink(tests::Check check, const Verdict& first, const ShrinkLimits& limits = {}) {
    return shrink_case(fake_property("fake.shrinks", check), start_, first, harness_, limits);
  }

  std::unique_ptr<kernels::Session> session_;
  Harness harness_;
  Case start_;
};

Verdict fails_with_three_keys(const Case& value, Harness&) {
  return value.problem().total_kv() >= 3 ? Verdict::fail("nan", "too many keys") : Verdict::pass();
}

TEST_F(ShrinkLoop, EndsAtAMinimalCaseWithItsRecordAndExpectation) {
  const Shrunk shrunk = shrink(fails_with_three_keys, Verdict::fail("nan", "found"));
  ASSERT_TRUE(shrunk.shrunk);
  EXPECT_EQ(shrunk.minimal.problem().batch(), 1);
  EXPECT_EQ(shrunk.minimal.problem().total_kv(), 3);
  EXPECT_EQ(shrunk.minimal.problem().head_dim_qk, 1);
  EXPECT_EQ(shrunk.minimal.expected, (problem::Expectation{problem::Status::kFail, "nan"}));
  EXPECT_EQ(shrunk.verdict.message, "too many keys");
  ASSERT_TRUE(shrunk.minimal.shrink);
  EXPECT_TRUE(shrunk.minimal.shrink->minimal);
  EXPECT_LT(shrunk.minimal.shrink->evaluations, 300);
}

TEST_F(ShrinkLoop, NeverSlidesIntoAnotherFailure) {
  const Shrunk shrunk = shrink(
      [](const Case& value, Harness&) {
        const auto keys = value.problem().total_kv();
        return keys >= 5   ? Verdict::fail("value", "far off", 1e6)
               : keys >= 2 ? Verdict::fail("value", "just above the bound", 1.5)
                           : Verdict::fail("nan", "something else");
      },
      Verdict::fail("value", "found", 1e6));
  EXPECT_EQ(shrunk.minimal.problem().total_kv(), 5);
  EXPECT_EQ(shrunk.verdict.severity, 1e6);
  EXPECT_GT(shrunk.minimal.shrink->rejected, 0);
}

TEST_F(ShrinkLoop, AMinimalCaseIsAFixedPoint) {
  start_ = shrink(fails_with_three_keys, Verdict::fail("nan", "found")).minimal;
  const Shrunk again = shrink(fails_with_three_keys, Verdict::fail("nan", "found"));
  EXPECT_EQ(again.minimal, start_);
}

TEST_F(ShrinkLoop, StopsAtItsLimitAndSaysSo) {
  const Shrunk shrunk =
      shrink(fails_with_three_keys, Verdict::fail("nan", "found"), {.evaluations = 2});
  ASSERT_TRUE(shrunk.minimal.shrink);
  EXPECT_FALSE(shrunk.minimal.shrink->minimal);
  EXPECT_NE(shrink_text(*shrunk.minimal.shrink).find("ended by a limit"), std::string::npos);
}

TEST_F(ShrinkLoop, AFailureThatDoesNotComeBackIsFlakyNotGone) {
  const Shrunk shrunk = shrink([](const Case&, Harness&) { return Verdict::pass(); },
                               Verdict::fail("value", "seen once", 9.0));
  EXPECT_FALSE(shrunk.shrunk);
  EXPECT_EQ(shrunk.verdict.status, problem::Status::kFlaky);
  EXPECT_EQ(shrunk.verdict.message,
            "failed once, and in 0 of 20 runs (0 %, with 95 % confidence 0 % to 16 %) of the same "
            "case on fresh processes: seen once");
  EXPECT_EQ(shrunk.minimal.problem(), start_.problem());
}

}  // namespace
}  // namespace attest::campaign
