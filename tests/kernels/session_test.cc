#include "kernels/session.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "kernels/launch.h"
#include "problem/errors.h"
#include "tests/kernels/plugins.h"

namespace attest::kernels {
namespace {

using std::chrono::milliseconds;
using tests::misbehaving;

std::unique_ptr<Session> open(const std::string& name, bool in_process = false,
                              milliseconds timeout = milliseconds(20'000)) {
  return open_session(misbehaving(name), {.timeout = timeout, .in_process = in_process});
}

/// A call with a float of q and one of o, sealed.
struct SmallCall {
  explicit SmallCall(Session& session) : launch(session.arena()) {
    const std::int64_t one[] = {1, 1, 1};
    call = static_cast<attest_attend*>(launch.raw(sizeof(attest_attend), 64));
    *call = {};
    call->struct_size = sizeof(*call);
    call->total_q = 1;
    call->head_dim_qk = call->head_dim_v = 1;
    call->q = launch.tensor("q", Role::kInput, ATTEST_F32, one);
    call->o = launch.tensor("o", Role::kOutput, ATTEST_F32, one);
    std::memset(call->q.data, 0, sizeof(float));
    std::memset(call->o.data, 0, sizeof(float));
    launch.seal();
  }
  float o() const { return *static_cast<const float*>(call->o.data); }

  Launch launch;
  attest_attend* call;
};

RunResult attend_once(Session& session) {
  const SmallCall small(session);
  return session.attend(small.call);
}

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

struct Death {
  const char* kernel;
  Outcome outcome;
  const char* message;

  // Else the test's listing would show addresses, which differ from run to run.
  friend void PrintTo(const Death& death, std::ostream* out) { *out << death.kernel; }
};

class ForkedSession : public ::testing::TestWithParam<Death> {};
INSTANTIATE_TEST_SUITE_P(
    Kernel, ForkedSession,
    ::testing::Values(Death{"segfault", Outcome::kCrash, "signal 11 (Segmentation fault)"},
                      Death{"aborts", Outcome::kCrash, "signal 6 (Aborted)"},
                      Death{"exits", Outcome::kCrash, "exit code 0"},
                      Death{"forks_and_dies", Outcome::kCrash, "signal 7 (Bus error)"},
                      Death{"closes_files", Outcome::kCrash, "closed the pipe to attest"},
                      Death{"writes_files", Outcome::kCrash, "wrote into the pipe to attest"},
                      Death{"create_crashes", Outcome::kCrash,
                            "in create(): signal 4 (Illegal instruction)"}),
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

TEST(OpenSession, RefusesAKernelForAnotherDevice) {
  KernelInfo info = misbehaving("innocent");
  info.capabilities.device = ATTEST_CUDA;
  EXPECT_THROW(open_session(info, {}), PluginError);
}

}  // namespace
}  // namespace attest::kernels
