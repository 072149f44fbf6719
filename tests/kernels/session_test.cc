#include "kernels/session.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "kernels/gpu/device.h"
#include "kernels/launch.h"
#include "problem/errors.h"
#include "tests/kernels/plugins.h"
#include "tests/kernels/small_call.h"

namespace attest::kernels {
namespace {

using std::chrono::milliseconds;
using tests::attend_once;
using tests::misbehaving;
using tests::open;
using tests::SmallCall;

class EitherSession : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Way, EitherSession, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "InProcess" : "Forked"; });

TEST_P(EitherSession, RunsAKernelOnTheArena) {
  const auto session = open("innocent", GetParam());
  const SmallCall small(*session);
  const RunResult result = session->attend(small.call);
  EXPECT_TRUE(result.ok()) << result.message;
  EXPECT_EQ(result.path, "innocent");
  EXPECT_EQ(small.o(), 1.0f);
  EXPECT_FALSE(small.launch.find_damage().has_value());
  EXPECT_GT(session->kernel_nanoseconds(), 0);
}

TEST_P(EitherSession, PassesARefusalOnAsPrintableText) {
  const RunResult result = attend_once(*open("refuses", GetParam()));
  EXPECT_EQ(result.outcome, Outcome::kRefused);
  EXPECT_EQ(result.message, "head_dim\\x1b[31m 7 \\x0a is odd");
}

TEST_P(EitherSession, TakesAnUnknownStatusAndEndlessTextsAsAFailure) {
  const RunResult result = attend_once(*open("odd_status", GetParam()));
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.message, "unknown status 77: " + std::string(256, 'x'));
  EXPECT_EQ(result.path, std::string(64, 'p'));
}

TEST_P(EitherSession, AMissingOperationIsAFailure) {
  const auto session = open("innocent", GetParam());
  Launch launch(session->arena());
  auto* call = static_cast<attest_merge*>(launch.raw(sizeof(attest_merge), 64));
  *call = {};
  EXPECT_EQ(session->merge(call).outcome, Outcome::kFailed);
}

TEST_P(EitherSession, KeepsOneKernelObjectUntilItRestarts) {
  const auto session = open("counts", GetParam());
  const SmallCall small(*session);
  for (float expected : {1.0f, 2.0f, 3.0f}) {
    EXPECT_TRUE(session->attend(small.call).ok());
    EXPECT_EQ(small.o(), expected);
  }
  session->restart();
  EXPECT_TRUE(session->attend(small.call).ok());
  EXPECT_EQ(small.o(), 1.0f);
}

TEST_P(EitherSession, AFailingCreateIsAFailureOfTheCall) {
  const auto session = open("create_fails", GetParam());
  for (int time = 0; time < 2; ++time) {
    const RunResult result = attend_once(*session);
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.message, "create() failed: out of luck");
  }
}

TEST_P(EitherSession, APlantedDefectIsKnownToHaveRunInTheVeryCall) {
  const auto session = open("marks", GetParam());
  const auto other = open("marks", GetParam());
  const SmallCall small(*session);
  EXPECT_TRUE(session->attend(small.call).defect_ran);
  EXPECT_FALSE(other->take_defect_ran());
  *static_cast<float*>(small.call->q.data) = 1.0f;
  EXPECT_FALSE(session->attend(small.call).defect_ran);
  EXPECT_TRUE(session->take_defect_ran());
  EXPECT_FALSE(session->take_defect_ran());
  EXPECT_FALSE(attend_once(*open("innocent", GetParam())).defect_ran);
}

TEST_P(EitherSession, PlanAnswersAreCheckedAndPassedOn) {
  const auto session = open("plans", GetParam());
  const SmallCall small(*session);
  attest_plan_result plan{};
  EXPECT_TRUE(session->plan(small.call, &plan).ok());
  EXPECT_EQ(plan.num_splits, 4);
  EXPECT_EQ(plan.workspace_bytes, 1000u);
  EXPECT_EQ(plan.workspace_alignment, 256u);
}

TEST_P(EitherSession, AnImpossiblePlanIsAFailure) {
  for (const char* name : {"plans_too_much", "plans_misaligned"}) {
    const auto session = open(name, GetParam());
    const SmallCall small(*session);
    attest_plan_result plan{};
    const RunResult result = session->plan(small.call, &plan);
    EXPECT_EQ(result.outcome, Outcome::kFailed) << name;
    EXPECT_EQ(plan.workspace_bytes, 0u) << name;
    EXPECT_NE(result.message.find("plan asked for"), std::string::npos) << result.message;
  }
}

TEST_P(EitherSession, AKernelWithoutAPlanNeedsNoWorkspace) {
  const auto session = open("innocent", GetParam());
  const SmallCall small(*session);
  attest_plan_result plan{};
  EXPECT_TRUE(session->plan(small.call, &plan).ok());
  EXPECT_EQ(plan.workspace_bytes, 0u);
}

TEST_P(EitherSession, SupportsAsksTheKernel) {
  const auto session = open("supports_even", GetParam());
  const SmallCall small(*session);
  RunResult result;
  small.call->head_dim_qk = 8;
  EXPECT_TRUE(session->supports(small.call, &result));
  small.call->head_dim_qk = 7;
  EXPECT_FALSE(session->supports(small.call, &result));
  EXPECT_TRUE(result.ok());
}

TEST_P(EitherSession, SupportsIsTrueForAKernelThatHasNone) {
  const auto session = open("innocent", GetParam());
  const SmallCall small(*session);
  RunResult result;
  EXPECT_TRUE(session->supports(small.call, &result));
}

TEST_P(EitherSession, RefusesACallOutsideItsArena) {
  const auto session = open("innocent", GetParam());
  const attest_attend call{};
  EXPECT_THROW(session->attend(&call), ContractError);
}

TEST_P(EitherSession, AKernelThatWritesItsInputIsSeen) {
  const auto session = open("writes_input", GetParam());
  const SmallCall small(*session);
  EXPECT_TRUE(session->attend(small.call).ok());
  const auto damage = small.launch.find_damage();
  ASSERT_TRUE(damage.has_value());
  EXPECT_EQ(damage->buffer, "q");
  EXPECT_EQ(damage->offset, 3);
}

TEST(ForkedSession, AKernelThatTouchesAllFilesIsAnsweredAsAnyOther) {
  for (const char* name : {"closes_files", "writes_files"}) {
    const auto session = open(name);
    for (int time = 0; time < 3; ++time) EXPECT_TRUE(attend_once(*session).ok()) << name;
  }
}

TEST(ForkedSession, TheMarkOfADefectOutlivesTheProcessThatItKills) {
  for (const char* name : {"marks_and_dies", "marks_and_loops"}) {
    const auto session = open(name, false, milliseconds(300));
    const RunResult result = attend_once(*session);
    EXPECT_FALSE(result.ok());
    EXPECT_TRUE(result.defect_ran) << name;
  }
  EXPECT_FALSE(attend_once(*open("segfault")).defect_ran);
}

TEST(ForkedSessionRecovery, ACrashCostsOneCall) {
  const auto session = open("counts");
  const SmallCall small(*session);
  EXPECT_TRUE(session->attend(small.call).ok());
  small.call->num_splits = 13;
  EXPECT_EQ(session->attend(small.call).outcome, Outcome::kCrash);
  small.call->num_splits = 0;
  EXPECT_TRUE(session->attend(small.call).ok());
  EXPECT_EQ(small.o(), 1.0f) << "a fresh kernel object";
}

TEST(ForkedSessionRecovery, EveryKernelObjectIsAGenerationOfItsOwn) {
  const auto session = open("counts");
  const SmallCall small(*session);
  session->attend(small.call);
  const std::uint64_t first = session->generation();
  session->attend(small.call);
  EXPECT_EQ(session->generation(), first);
  small.call->num_splits = 13;
  session->attend(small.call);
  small.call->num_splits = 0;
  session->attend(small.call);
  EXPECT_EQ(session->generation(), first + 1) << "after a crash";
  session->restart();
  session->attend(small.call);
  EXPECT_EQ(session->generation(), first + 2);
}

TEST(ForkedSessionRecovery, AHangIsEndedAfterTheTimeout) {
  for (const char* name : {"loops", "stops"}) {
    const auto session = open(name, false, milliseconds(300));
    for (int time = 0; time < 2; ++time) {
      const RunResult result = attend_once(*session);
      EXPECT_EQ(result.outcome, Outcome::kHang) << name;
      EXPECT_EQ(result.message, "no answer within 0.3 s");
    }
  }
}

TEST(ForkedSessionRecovery, AKernelThatForksAnswersOnce) {
  const auto session = open("forks");
  for (int time = 0; time < 20; ++time) {
    const RunResult result = attend_once(*session);
    EXPECT_TRUE(result.ok()) << result.message;
  }
}

TEST(ForkedSessionRecovery, ACrashInSupportsIsAResult) {
  const auto session = open("supports_crashes");
  const SmallCall small(*session);
  RunResult result;
  EXPECT_FALSE(session->supports(small.call, &result));
  EXPECT_EQ(result.outcome, Outcome::kCrash);
  EXPECT_EQ(result.message, "signal 8 (Floating point exception)");
}

TEST(ForkedSessionRecovery, LeavesNoProcessAndNoFileBehind) {
  const auto count_files = [] {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return std::distance(begin(files), end(files));
  };
  attend_once(*open("innocent"));
  const auto before = count_files();
  for (const char* name :
       {"innocent", "segfault", "closes_files", "create_fails", "forks_and_dies"}) {
    attend_once(*open(name));
  }
  EXPECT_EQ(count_files(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(ForkedSessionRecovery, AForkOfTheParentLeavesTheKernelAlone) {
  auto session = open("counts");
  const SmallCall small(*session);
  EXPECT_TRUE(session->attend(small.call).ok());
  const pid_t copy = fork();
  if (copy == 0) {
    session.reset();
    _exit(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(copy, &status, 0), copy);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(session->attend(small.call).ok());
  EXPECT_EQ(small.o(), 2.0f) << "the same object as before";
}

TEST(OpenSession, SaysWhatIsMissing) {
  KernelInfo info = misbehaving("innocent");
  for (const bool in_process : {false, true}) {
    const SessionOptions options{.in_process = in_process};
    info.name = "nobody";
    EXPECT_THROW(open_session(info, options), PluginError);
    info.library = tests::plugin("no_such_file");
    EXPECT_THROW(open_session(info, options), PluginError);
    info.library.clear();
    EXPECT_THROW(open_session(info, options), PluginError);
    info = misbehaving("innocent");
  }
  info.library = tests::plugin("crash_on_load");
  try {
    open_session(info, {});
    ADD_FAILURE() << "opened a library that crashes";
  } catch (const PluginError& error) {
    EXPECT_EQ(error.what(), info.library + ": while being loaded: signal 11 (Segmentation fault)");
  }
}

TEST(OpenSession, SaysHowToRunACudaKernelWithoutADevice) {
  KernelInfo info = misbehaving("innocent");
  info.capabilities.device = ATTEST_CUDA;
  const auto why = gpu::why_no_device();
  if (!why) GTEST_SKIP() << "this machine has a device";
  EXPECT_THROW(open_session(info, {}), NoDeviceError);
  info.library.clear();
  info.name = "cuda/dense_f32";
  try {
    require_device(info);
    ADD_FAILURE() << "no complaint";
  } catch (const NoDeviceError& error) {
    EXPECT_EQ(error.what(), "kernel 'cuda/dense_f32' needs a CUDA device (" + *why +
                                "); on the CPU: --kernel simt/dense_f32");
  }
}

}  // namespace
}  // namespace attest::kernels
