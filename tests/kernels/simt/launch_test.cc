// Launches: what the driver would refuse, and what ends one.
#include <cmath>
#include <cstring>

#include "kernels/simt/control.h"
#include "tests/kernels/simt/device_array.h"
#include "tests/kernels/simt/every_policy.h"
#include "tests/kernels/simt/rules.h"

namespace attest::simt {
namespace {

class Launch : public testing::Test {
 protected:
  void SetUp() override { set_options({}); }
};

TEST_F(Launch, ShapesThatNoDeviceHasAreRefused) {
  EXPECT_EQ(simt_rules::launch_shape(1, 1024, 0), 0);
  EXPECT_EQ(simt_rules::launch_shape(1, 1025, 0), simt_rules::kInvalidConfiguration);
  EXPECT_EQ(simt_rules::launch_shape(0, 32, 0), simt_rules::kInvalidConfiguration);
  EXPECT_EQ(simt_rules::launch_shape(1, 0, 0), simt_rules::kInvalidConfiguration);
  EXPECT_TRUE(report().ok()) << "a refused launch is no finding";
  EXPECT_EQ(simt_rules::launch_shape(1, 32, 0), 0) << "and leaves nothing behind";
}

TEST_F(Launch, MoreThan48KiBOfDynamicSharedMemoryNeedOptingIn) {
  EXPECT_EQ(simt_rules::launch_shape(1, 32, 48 * 1024), 0);
  EXPECT_EQ(simt_rules::launch_shape(1, 32, 48 * 1024 + 1), simt_rules::kInvalidValue);
  EXPECT_EQ(simt_rules::opt_in(228 * 1024), simt_rules::kInvalidValue);
  EXPECT_EQ(simt_rules::opt_in(227 * 1024), 0);
}

TEST_F(Launch, OfAKernelInAKernelIsAFinding) {
  DeviceArray<int> out(32);
  EXPECT_EQ(simt_rules::launch_in_kernel(out.data()), simt_rules::kLaunchFailure);
  ASSERT_EQ(report().findings.size(), 1u);
  EXPECT_EQ(report().findings[0].kind, Kind::kUnsupported);
}

TEST_F(Launch, WithMoreSharedMemoryThanABlockHasIsAFinding) {
  DeviceArray<int> out(1);
  EXPECT_EQ(simt_rules::too_much_static_shared(out.data()), simt_rules::kLaunchFailure);
  ASSERT_EQ(report().findings.size(), 1u);
  EXPECT_EQ(report().findings[0].kind, Kind::kSharedMemoryExceeded);
}

TEST_F(Launch, WithAttributesIsNotSupported) {
  DeviceArray<int> out(1);
  EXPECT_EQ(simt_rules::cluster_launch(out.data()), simt_rules::kNotSupported);
}

TEST_F(Launch, AfterAFindingNothingRunsUntilTheNextCall) {
  DeviceArray<int> out(64);
  EXPECT_EQ(simt_rules::masks_differ(out.data()), simt_rules::kLaunchFailure);
  EXPECT_EQ(simt_rules::launch_shape(1, 32, 0), simt_rules::kLaunchFailure);
  EXPECT_EQ(report().launches, 1u);
  EXPECT_EQ(report().findings.size(), 1u);
  set_options({});
  EXPECT_EQ(simt_rules::launch_shape(1, 32, 0), 0);
}

TEST_F(Launch, ALoopThatNeverEndsMeetsTheStepLimit) {
  DeviceArray<int> out(1);
  set_options({.step_limit = 100'000});
  EXPECT_EQ(simt_rules::never_ends(out.data()), simt_rules::kLaunchFailure);
  ASSERT_EQ(report().findings.size(), 1u);
  EXPECT_EQ(report().findings[0].kind, Kind::kStepLimit);
}

TEST_F(Launch, SleepingThreadsLetOthersRun) {
  DeviceArray<int> out(64);
  under_every_schedule([&] { return simt_rules::wait_with_nanosleep(out.data()); },
                       [&] { ASSERT_EQ(out[63], 1); });
}

TEST_F(Launch, AtomicsAddUpOverAllThreadsAndBlocks) {
  DeviceArray<int> out(1);
  under_every_schedule(
      [&] {
        out[0] = 0;
        return simt_rules::add_atomically(out.data(), 5, 70);
      },
      [&] { ASSERT_EQ(out[0], 350); });
}

TEST_F(Launch, DynamicSharedMemoryIsOneStretchOfTheSizeAskedFor) {
  DeviceArray<float> out(1000);
  under_every_schedule([&] { return simt_rules::two_dynamic_views(out.data(), 1000); },
                       [&] { ASSERT_EQ(out[0], 1998.0f); });
}

TEST_F(Launch, AnAsynchronousCopyLandsWhenItIsWaitedFor) {
  DeviceArray<float> in(256);
  DeviceArray<float> out(256);
  for (std::size_t i = 0; i < 256; ++i) in[i] = static_cast<float>(i);
  under_every_schedule([&] { return simt_rules::async_copies(out.data(), in.data(), true); },
                       [&] {
                         ASSERT_EQ(out[127], 127.0f);
                         ASSERT_EQ(out[128], 128.0f);
                         ASSERT_EQ(out[131], 0.0f) << "the last 8 bytes are filled with zeros";
                       });
}

TEST_F(Launch, ControlFunctionsSetTheScheduleAndTellTheFindings) {
  DeviceArray<int> out(64);
  EXPECT_EQ(attest_simt_set_schedule(kPolicies, 1, 0), 1) << "no such policy";
  EXPECT_EQ(attest_simt_set_schedule(-1, 1, 0), 1);
  EXPECT_EQ(attest_simt_set_schedule(static_cast<int>(Policy::kRandom), 9, 40), 0);
  EXPECT_EQ(attest_simt_findings(nullptr, 0), 0u);
  EXPECT_EQ(simt_rules::masks_differ(out.data()), simt_rules::kLaunchFailure);
  EXPECT_LE(attest_simt_random_decisions(), 40u);
  EXPECT_EQ(attest_simt_schedule_hash(), report().schedule_hash);
  char text[512] = {};
  const std::size_t length = attest_simt_findings(text, sizeof text);
  EXPECT_EQ(length, std::strlen(text));
  EXPECT_EQ(std::strncmp(text, "mask_mismatch: thread ", 22), 0) << text;
  char little[8] = {};
  EXPECT_EQ(attest_simt_findings(little, sizeof little), length);
  EXPECT_STREQ(little, "mask_mi");
}

}  // namespace
}  // namespace attest::simt
