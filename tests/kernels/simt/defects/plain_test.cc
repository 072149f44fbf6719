// The 21 defects in mode plain: schedules in rotation and poisoned shared memory find most of them.
#include <gtest/gtest.h>

#include "tests/kernels/simt/defects/cases.h"

namespace simt_defects {
namespace {

using attest::simt::Policy;
using attest::simt::set_options;

constexpr std::uint64_t kCases = 20;

Judgement rotate(Defect defect) {
  for (std::uint64_t number = 0; number < kCases; ++number) {
    set_options({.policy = static_cast<Policy>(number % attest::simt::kPolicies), .seed = number});
    Judgement judged = run_case(defect, number);
    if (judged.found) return judged;
  }
  return {};
}

TEST(DefectsPlain, SchedulesInRotationFindAtLeastSeventeen) {
  int found = 0;
  for (int i = 0; i < kDefects; ++i) {
    const Judgement judged = rotate(defect_at(i));
    found += judged.found ? 1 : 0;
    std::printf("%-28s %s\n", name(defect_at(i)), judged.found ? judged.how.c_str() : "not found");
  }
  EXPECT_GE(found, 17);
}

// Documented in docs/cuda-without-a-gpu.md: when one of these is found, the page is out of date.
TEST(DefectsPlain, WhatNoScheduleShowsIsLeftToModeCheck) {
  for (const Defect defect :
       {Defect::kPaddingNeverWritten, Defect::kNoSyncwarp, Defect::kCountWithoutAtomic}) {
    EXPECT_FALSE(rotate(defect).found) << name(defect);
  }
}

TEST(DefectsPlain, CorrectKernelsHaveNone) {
  for (std::uint64_t number = 0; number < 100; ++number) {
    set_options({.policy = static_cast<Policy>(number % attest::simt::kPolicies), .seed = number});
    const Judgement judged = run_case(Defect::kNone, number);
    ASSERT_FALSE(judged.found) << "case " << number << ": " << judged.how;
  }
}

}  // namespace
}  // namespace simt_defects
