// Runs something under every policy and a few seeds.
#pragma once

#include <gtest/gtest.h>

#include "kernels/simt/simt.h"

namespace attest::simt {

inline constexpr Policy kEveryPolicy[kPolicies] = {Policy::kInOrder, Policy::kReverse,
                                                   Policy::kRandom, Policy::kPermutation,
                                                   Policy::kWarpShuffle};

/// `check` is called after each run of `run`, which returns a launch's error code.
template <class Run, class Check>
void under_every_schedule(Run run, Check check) {
  for (const Policy policy : kEveryPolicy) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(std::string(name(policy)) + " seed " + std::to_string(seed));
      set_options({.policy = policy, .seed = seed});
      ASSERT_EQ(run(), 0) << (report().ok() ? "no finding" : report().findings[0].text);
      check();
    }
  }
}

/// The one finding of a launch that must have one, under every schedule.
template <class Run>
void expect_finding(Kind kind, Run run) {
  for (const Policy policy : kEveryPolicy) {
    SCOPED_TRACE(name(policy));
    set_options({.policy = policy, .seed = 5});
    EXPECT_EQ(run(), 719);
    ASSERT_EQ(report().findings.size(), 1u);
    EXPECT_STREQ(name(report().findings[0].kind), name(kind)) << report().findings[0].text;
    EXPECT_EQ(report().findings[0].text.find('\n'), std::string::npos);
  }
}

}  // namespace attest::simt
