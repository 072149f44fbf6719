// Barriers: what they order, and what breaks them.
#include <numeric>

#include "tests/kernels/simt/device_array.h"
#include "tests/kernels/simt/every_policy.h"
#include "tests/kernels/simt/rules.h"

namespace attest::simt {
namespace {

TEST(Barrier, WhatWasWrittenBeforeIsReadAfterInEverySchedule) {
  for (const int threads : {1, 2, 31, 32, 33, 64, 100, 1024}) {
    DeviceArray<int> out(static_cast<std::size_t>(threads));
    under_every_schedule([&] { return simt_rules::neighbours_through_shared(out.data(), threads); },
                         [&] {
                           for (int i = 0; i < threads; ++i) {
                             ASSERT_EQ(out[static_cast<std::size_t>(i)], (i + 1) % threads * 3);
                           }
                         });
  }
}

TEST(Barrier, InTwoPlacesAtOnceIsDivergent) {
  DeviceArray<int> out(1);
  expect_finding(Kind::kDivergentBarrier,
                 [&] { return simt_rules::barrier_in_two_places(out.data()); });
  const Finding& finding = report().findings[0];
  EXPECT_EQ(finding.place.file, "rules.cu");
  EXPECT_EQ(finding.other.file, "rules.cu");
  EXPECT_NE(finding.place.line, finding.other.line);
  EXPECT_NE(finding.text.find("rules.cu:"), std::string::npos) << finding.text;
}

TEST(Barrier, DoesNotWaitForThreadsThatHaveExited) {
  DeviceArray<int> out(1);
  under_every_schedule([&] { return simt_rules::exit_before_barrier(out.data()); },
                       [&] { ASSERT_EQ(out[0], 7); });
}

TEST(Barrier, ExitWhileOthersWaitIsAFindingWhenAskedFor) {
  DeviceArray<int> out(1);
  set_options({.exit_before_barrier = true});
  EXPECT_EQ(simt_rules::exit_before_barrier(out.data()), simt_rules::kLaunchFailure);
  ASSERT_EQ(report().findings.size(), 1u);
  EXPECT_EQ(report().findings[0].kind, Kind::kExitBeforeBarrier);
}

TEST(Barrier, ReducesPredicates) {
  DeviceArray<int> out(5);
  under_every_schedule([&] { return simt_rules::barrier_reductions(out.data(), 70); },
                       [&] {
                         EXPECT_EQ(out.values(), (std::vector<int>{35, 1, 0, 1, 0}));
                       });
}

TEST(Barrier, AndAShuffleThatWaitForEachOtherAreADeadlock) {
  DeviceArray<int> out(1);
  expect_finding(Kind::kDeadlock,
                 [&] { return simt_rules::exited_and_waiting_deadlock(out.data()); });
  const std::string& text = report().findings[0].text;
  EXPECT_NE(text.find("16 wait in __syncthreads at rules.cu:"), std::string::npos) << text;
  EXPECT_NE(text.find("16 wait in __shfl_sync(0xffffffff) at rules.cu:"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace attest::simt
