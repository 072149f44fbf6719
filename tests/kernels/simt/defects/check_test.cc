// The 21 defects in mode check: all are found in one schedule, in order, with the lines at fault.
#include <gtest/gtest.h>

#include "tests/kernels/simt/defects/cases.h"

namespace simt_defects {
namespace {

using attest::simt::Kind;
using attest::simt::Policy;
using attest::simt::set_options;

constexpr std::uint64_t kCases = 20;

Judgement in_order(Defect defect) {
  for (std::uint64_t number = 0; number < kCases; ++number) {
    set_options({.policy = Policy::kInOrder});
    Judgement judged = run_case(defect, number);
    if (judged.found) return judged;
  }
  return {};
}

TEST(DefectsCheck, OneScheduleInOrderFindsAll) {
  for (int i = 0; i < kDefects; ++i) {
    const Judgement judged = in_order(defect_at(i));
    EXPECT_TRUE(judged.found) << name(defect_at(i));
    std::printf("%-28s %s\n", name(defect_at(i)), judged.how.c_str());
  }
}

TEST(DefectsCheck, CorrectKernelsHaveNone) {
  for (std::uint64_t number = 0; number < 50; ++number) {
    set_options({.policy = static_cast<Policy>(number % attest::simt::kPolicies), .seed = number});
    const Judgement judged = run_case(Defect::kNone, number);
    ASSERT_FALSE(judged.found) << "case " << number << ": " << judged.how;
  }
}

TEST(DefectsCheck, ARaceNamesTheLinesOfBothAccesses) {
  ASSERT_TRUE(in_order(Defect::kNoSyncwarp).found);
  const attest::simt::Finding& finding = attest::simt::report().findings[0];
  EXPECT_EQ(finding.kind, Kind::kRace);
  EXPECT_EQ(finding.place.file, "flash.cu");
  EXPECT_EQ(finding.other.file, "flash.cu");
  EXPECT_GT(finding.place.line, 0);
  EXPECT_GT(finding.other.line, 0);
}

}  // namespace
}  // namespace simt_defects
