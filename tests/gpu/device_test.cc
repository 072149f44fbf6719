// What becomes of calls on a device: results, canaries, errors, contexts that are lost. Skipped
// without a device.
#include "kernels/gpu/device.h"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "kernels/gpu/service.h"
#include "kernels/launch.h"
#include "kernels/session.h"

namespace attest::kernels {
namespace {

/// Beside this program, wherever that was carried.
std::string plugin() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "wrong_on_device.so";
}

class OnDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = gpu::why_no_device()) GTEST_SKIP() << *why;
  }

  void open(const std::string& name,
            std::chrono::milliseconds timeout = std::chrono::milliseconds(30'000)) {
    for (const KernelInfo& info : plugin_infos(plugin())) {
      if (info.name != name) continue;
      session_ = open_session(info, {.timeout = timeout, .service = service_.get()});
    }
    ASSERT_NE(session_, nullptr) << "no test kernel " << name;
  }

  /// A call with q = [number] and o = [7].
  RunResult attend(float number) {
    launch_.emplace(session_->arena());
    const std::int64_t one[] = {1, 1, 1};
    auto* call = static_cast<attest_attend*>(launch_->raw(sizeof(attest_attend), 64));
    *call = {};
    call->struct_size = sizeof(*call);
    call->total_q = 1;
    call->head_dim_qk = call->head_dim_v = 1;
    call->q = launch_->tensor("q", Role::kInput, ATTEST_F32, one);
    call->o = launch_->tensor("o", Role::kOutput, ATTEST_F32, one);
    *static_cast<float*>(call->q.data) = number;
    o_ = static_cast<float*>(call->o.data);
    *o_ = 7;
    launch_->seal();
    return session_->attend(call);
  }

  /// A misdeed that is `message` costs that call and no other.
  void expect_finding(const std::string& message, bool new_process) {
    EXPECT_TRUE(attend(1).ok());
    const std::uint64_t before = session_->generation();
    const RunResult result = attend(-1);
    EXPECT_EQ(result.outcome, Outcome::kFinding);
    EXPECT_EQ(result.message.substr(0, message.size()), message) << result.message;
    const RunResult next = attend(3);
    EXPECT_TRUE(next.ok()) << next.message;
    EXPECT_EQ(*o_, 3);
    EXPECT_EQ(session_->generation(), before + (new_process ? 1 : 0));
  }

  std::unique_ptr<gpu::Service> service_;
  std::unique_ptr<Session> session_;
  std::optional<Launch> launch_;
  float* o_ = nullptr;
};

TEST_F(OnDevice, InputsGoThereAndOutputsComeBack) {
  open("innocent");
  for (const float number : {1.0F, -2.5F, 1e30F}) {
    const RunResult result = attend(number);
    EXPECT_TRUE(result.ok()) << result.message;
    EXPECT_EQ(*o_, number);
    EXPECT_FALSE(launch_->find_damage());
  }
}

TEST_F(OnDevice, AWritePastTheEndIsNamed) {
  open("past_end");
  expect_finding("canary: wrote outside buffer 'o'", false);
}

TEST_F(OnDevice, AWriteBeforeTheBeginIsNamed) {
  open("before_begin");
  expect_finding("canary: wrote outside buffer 'o'", false);
}

TEST_F(OnDevice, AnInputThatWasWrittenIsSeen) {
  open("writes_input");
  EXPECT_TRUE(attend(-1).ok());
  const auto damage = launch_->find_damage();
  ASSERT_TRUE(damage);
  EXPECT_EQ(damage->buffer, "q");
}

TEST_F(OnDevice, AnAddressThatIsNoneCostsOneCallAndAProcess) {
  open("writes_null");
  expect_finding("device_error: running: cudaErrorIllegalAddress", true);
}

TEST_F(OnDevice, ATrapCostsOneCallAndAProcess) {
  open("traps");
  expect_finding("device_error: running: cudaError", true);
}

TEST_F(OnDevice, AKernelThatNeverEndsIsAHang) {
  open("never_ends", std::chrono::milliseconds(5'000));
  EXPECT_TRUE(attend(1).ok());
  EXPECT_EQ(attend(-1).outcome, Outcome::kHang);
  const RunResult next = attend(3);
  EXPECT_TRUE(next.ok()) << next.message;
  EXPECT_EQ(*o_, 3);
}

TEST_F(OnDevice, ALaunchThatIsImpossibleFailsAndIsForgotten) {
  open("too_many_threads");
  for (int i = 0; i < 2; ++i) {
    const RunResult result = attend(1);
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.message.substr(0, 16), "cudaErrorInvalid") << result.message;
    EXPECT_EQ(*o_, 7) << "untouched";
  }
}

TEST_F(OnDevice, ALaunchOnTheDefaultStreamComesTooEarlyWhileTheCallsStreamIsHeldUp) {
  for (const char* name : {"innocent", "on_default_stream"}) {
    open(name);
    EXPECT_TRUE(attend(5).ok());
    session_->set_device_mode(DeviceMode::kHeldStream);
    const RunResult result = attend(5);
    EXPECT_TRUE(result.ok()) << result.message;
    EXPECT_EQ(*o_ == 5, name == std::string("innocent")) << name;
  }
}

TEST_F(OnDevice, ACallRunsInAGraph) {
  open("innocent");
  session_->set_device_mode(DeviceMode::kGraph);
  const RunResult result = attend(5);
  EXPECT_TRUE(result.ok()) << result.message;
  EXPECT_EQ(*o_, 5);
}

TEST_F(OnDevice, UnderTheMultiProcessServiceAFaultCostsTheOthersNoCall) {
  service_ = gpu::Service::start(gpu::device_name());
  if (service_ == nullptr) GTEST_SKIP() << "no nvidia-cuda-mps-control here";
  if (!gpu::serves(*service_)) GTEST_SKIP() << "it does not serve this device";
  open("innocent");
  EXPECT_TRUE(attend(1).ok());
  EXPECT_TRUE(service_->on()) << "it cannot serve this device";
  const std::uint64_t generation = session_->generation();
  std::unique_ptr<Session> innocent = std::move(session_);

  open("writes_null");
  EXPECT_TRUE(attend(1).ok());
  EXPECT_EQ(attend(-1).outcome, Outcome::kFinding);
  EXPECT_FALSE(service_->on());
  EXPECT_TRUE(session_->take_disturbed());
  const RunResult next = attend(3);
  EXPECT_TRUE(next.ok()) << next.message;

  session_.swap(innocent);
  const RunResult other = attend(4);
  EXPECT_TRUE(other.ok()) << other.message;
  EXPECT_EQ(*o_, 4);
  EXPECT_EQ(session_->generation(), generation + 1) << "it did not leave the service";
}

TEST_F(OnDevice, AnExceptionIsAFailure) {
  open("throws");
  const RunResult result = attend(1);
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_NE(result.message.find("thrown on the host"), std::string::npos) << result.message;
}

}  // namespace
}  // namespace attest::kernels
