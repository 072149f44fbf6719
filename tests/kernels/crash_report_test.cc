// What is known of a call that did not come back, and what makes one come to light: guards around
// buffers, and memory that nobody wrote.
#include <chrono>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/session.h"
#include "tests/kernels/small_call.h"

// What malloc does is the sanitizer's business where there is one, not attest's.
#if defined(__SANITIZE_ADDRESS__)
#define ATTEST_TEST_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ATTEST_TEST_OWN_MALLOC 0
#endif
#endif
#ifndef ATTEST_TEST_OWN_MALLOC
#define ATTEST_TEST_OWN_MALLOC 1
#endif

namespace attest::kernels {
namespace {

using std::chrono::milliseconds;
using tests::attend_once;
using tests::misbehaving;
using tests::open;
using tests::SmallCall;

struct Death {
  const char* kernel;
  Outcome outcome;
  const char* message;

  // Else the test's listing would show addresses, which differ from run to run.
  friend void PrintTo(const Death& death, std::ostream* out) { *out << death.kernel; }
};

std::vector<Death> deaths() {
  return {
    {"segfault", Outcome::kCrash, "signal 11 (Segmentation fault)"},
        {"aborts", Outcome::kCrash, "signal 6 (Aborted)"},
        {"exits", Outcome::kCrash, "exit code 0"},
        {"forks_and_dies", Outcome::kCrash, "signal 7 (Bus error)"},
#if ATTEST_TEST_OWN_MALLOC
        {"wrecks_heap", Outcome::kCrash,
         "signal 6 (Aborted): free(): double free detected in tcache 2"},
#endif
        {"create_crashes", Outcome::kCrash, "in create(): signal 4 (Illegal instruction)"},
  };
}

class ForkedSession : public ::testing::TestWithParam<Death> {};
INSTANTIATE_TEST_SUITE_P(Kernel, ForkedSession, ::testing::ValuesIn(deaths()),
                         [](const auto& death) { return std::string(death.param.kernel); });

TEST_P(ForkedSession, ReportsADeathAndRecovers) {
  const Death& death = GetParam();
  const auto session = open(death.kernel);
  for (int time = 0; time < 3; ++time) {
    const RunResult result = attend_once(*session);
    EXPECT_EQ(result.outcome, death.outcome);
    EXPECT_EQ(result.message, death.message);
  }
}

TEST(CrashReport, NamesTheAccessTheAddressAndTheFunctions) {
  const auto session = open("segfault");
  const RunResult result = attend_once(*session);
  ASSERT_TRUE(result.fault.has_value());
  EXPECT_TRUE(result.fault->has_address);
  EXPECT_EQ(result.fault->address, 64u);
  EXPECT_FALSE(result.fault->stack_overflow);
#if defined(__x86_64__)
  EXPECT_EQ(result.fault->access, Fault::Access::kWrite);
#endif
  ASSERT_EQ(result.fault->stack.size(), 1u);
  EXPECT_TRUE(result.fault->stack[0].starts_with("segfault+0x")) << result.fault->stack[0];
  EXPECT_TRUE(result.fault->stack[0].ends_with(" (misbehaving.so)")) << result.fault->stack[0];
}

TEST(CrashReport, ASignalThatWasSentHasNoAddress) {
  const RunResult result = attend_once(*open("forks_and_dies"));
  ASSERT_TRUE(result.fault.has_value());
  EXPECT_FALSE(result.fault->has_address);
}

TEST(CrashReport, QuotesAnAssertion) {
  const RunResult result = attend_once(*open("asserts"));
  EXPECT_EQ(result.outcome, Outcome::kCrash);
  EXPECT_TRUE(result.message.starts_with("signal 6 (Aborted): a word before; ")) << result.message;
  EXPECT_TRUE(result.message.ends_with("Assertion `call->batch > 7' failed.")) << result.message;
}

TEST(CrashReport, KnowsAStackThatRanOver) {
  const RunResult result = attend_once(*open("recurses"));
  EXPECT_EQ(result.message, "signal 11 (Segmentation fault)");
  ASSERT_TRUE(result.fault.has_value());
  EXPECT_TRUE(result.fault->stack_overflow);
  EXPECT_FALSE(result.fault->has_address);
  ASSERT_EQ(result.fault->stack.size(), 1u) << "a recursion is one line";
  EXPECT_TRUE(result.fault->stack[0].starts_with("recurse+0x")) << result.fault->stack[0];
}

#if ATTEST_TEST_OWN_MALLOC
TEST(CrashReport, KnowsAKernelThatRanOutOfMemory) {
  const auto session = open_session(
      misbehaving("devours"), {.timeout = milliseconds(20'000), .memory = std::size_t{64} << 20});
  for (int time = 0; time < 2; ++time) {
    const RunResult result = attend_once(*session);
    EXPECT_EQ(result.outcome, Outcome::kCrash);
    EXPECT_EQ(result.message, "out of memory, it seems: signal 11 (Segmentation fault)");
  }
}
#endif

TEST(CrashReport, SaysWhereAHangingKernelIs) {
  const RunResult result = attend_once(*open("loops", false, milliseconds(300)));
  ASSERT_TRUE(result.fault.has_value());
  ASSERT_FALSE(result.fault->stack.empty());
  EXPECT_TRUE(result.fault->stack.back().starts_with("loops+0x")) << result.fault->stack.back();
}

TEST(Guards, AReadOfOneByteOutsideOfABufferIsACrashOnOneSideOrTheOther) {
  const auto session = open("peeks");
  for (const int offset : {-1, static_cast<int>(sizeof(float))}) {
    int crashes = 0;
    for (std::uint64_t placement = 0; placement < 4; ++placement) {
      session->arena().place_by(placement);
      const SmallCall small(*session);
      small.call->num_splits = offset;
      const RunResult result = session->attend(small.call);
      if (result.ok()) continue;
      ++crashes;
      EXPECT_EQ(result.outcome, Outcome::kCrash);
      ASSERT_TRUE(result.fault.has_value());
      EXPECT_EQ(
          small.launch.locate(result.fault->address),
          offset < 0 ? "1 byte before q (input, 4 bytes)" : "right behind q (input, 4 bytes)");
    }
    EXPECT_EQ(crashes, offset < 0 ? 1 : 2) << offset;
  }
}

TEST(Guards, AWriteOutsideOfABufferIsSeenOnEitherSide) {
  const auto session = open("pokes");
  for (const int offset : {-1, static_cast<int>(sizeof(float))}) {
    for (std::uint64_t placement = 0; placement < 4; ++placement) {
      session->arena().place_by(placement);
      const SmallCall small(*session);
      small.call->num_splits = offset;
      const RunResult result = session->attend(small.call);
      EXPECT_TRUE(!result.ok() || small.launch.find_damage()) << offset << ", " << placement;
    }
  }
}

#if ATTEST_TEST_OWN_MALLOC
TEST(HiddenState, MemoryThatNobodyWroteHoldsTheSameLoudNumbersAgain) {
  const auto session = open("reads_fresh_heap");
  for (const std::uint64_t placement : {0, 1, 0, 1}) {
    session->arena().place_by(placement);
    const SmallCall small(*session);
    EXPECT_TRUE(session->attend(small.call).ok());
    EXPECT_EQ(small.o(), placement == 0 ? 0x1.fefefep+127f : -0x1.7d7d7cp-2f);
  }
}
#endif

}  // namespace
}  // namespace attest::kernels
