#include "campaign/run/exit_code.h"

#include <gtest/gtest.h>

#include "tests/campaign/run/records.h"

namespace attest::campaign {
namespace {

using tests::add_failure;
using tests::good_record;

TEST(ExitCode, IsZeroWhenAllHolds) { EXPECT_EQ(exit_code_of(good_record()), 0); }

TEST(ExitCode, IsOneForAFailureOfAnyKind) {
  RunRecord drawn = good_record();
  add_failure(drawn, "oracle.lse", 0);
  EXPECT_EQ(exit_code_of(drawn), 1);
  RunRecord stored = good_record();
  stored.stored.push_back({"a", "oracle.lse", "mine", problem::Status::kHang, "hang", ""});
  EXPECT_EQ(exit_code_of(stored), 1);
  RunRecord lost = drawn;
  lost.failures.clear();
  EXPECT_EQ(exit_code_of(lost), 1) << "a failure that was met and not filed";
}

TEST(ExitCode, IsOneForAFailureEvenWhenTheRunWasInterrupted) {
  RunRecord record = good_record();
  add_failure(record, "oracle.lse", 0);
  record.state = RunState::kInterrupted;
  EXPECT_EQ(exit_code_of(record), 1);
}

TEST(ExitCode, IsTwoForARunThatDidNotEnd) {
  for (const RunState state : {RunState::kRunning, RunState::kInterrupted}) {
    RunRecord record = good_record();
    record.state = state;
    EXPECT_EQ(exit_code_of(record), 2);
  }
}

TEST(ExitCode, IsTwoWhenNothingOfAKernelWasJudged) {
  RunRecord record = good_record();
  record.pairs[0].judged = 0;
  EXPECT_EQ(exit_code_of(record), 0) << "its other property was";
  record.pairs[1].judged = 0;
  EXPECT_EQ(exit_code_of(record), 2);
}

TEST(ExitCode, IsFourForAnEmptySelection) {
  RunRecord record = good_record();
  record.pairs.clear();
  EXPECT_EQ(exit_code_of(record), 4);
}

TEST(ExitCode, IsSeventyWhenTheRunBroke) {
  RunRecord record = good_record();
  add_failure(record, "oracle.lse", 0);
  record.state = RunState::kBroken;
  EXPECT_EQ(exit_code_of(record), 70);
}

}  // namespace
}  // namespace attest::campaign
