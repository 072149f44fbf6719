// CUDA's multi-process service as attest starts and leaves it, with a program in its place that
// writes down what it is told.
#include "kernels/gpu/service.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "campaign/campaign.h"
#include "campaign/table.h"
#include "kernels/child_process.h"
#include "kernels/gpu/device.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"
#include "tests/kernels/plugins.h"
#include "tests/kernels/small_call.h"

namespace attest::kernels {
namespace {

namespace fs = std::filesystem;
using problem::Verdict;
using tests::attend_once;

/// FOLDER is the test's. The daemon is a process that sleeps.
constexpr const char* kProgram = R"(#!/bin/sh
if [ "$1" = -d ]; then
  echo "start in $CUDA_MPS_PIPE_DIRECTORY of $CUDA_VISIBLE_DEVICES" >>FOLDER/log
  [ ! -e FOLDER/cannot_start ] || exit 1
  sleep 1000 &
  echo $! >"$CUDA_MPS_PIPE_DIRECTORY/nvidia-cuda-mps-control.pid"
  echo $! >FOLDER/daemon
  exit 0
fi
read -r command
echo "$command in $CUDA_MPS_PIPE_DIRECTORY" >>FOLDER/log
[ "$command" = quit ] || exit 0
[ ! -e FOLDER/cannot_quit ] || exit 1
kill $(cat FOLDER/daemon)
rm "$CUDA_MPS_PIPE_DIRECTORY/nvidia-cuda-mps-control.pid"
)";

/// Sets a variable of the environment for as long as a test runs.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const {
    value != nullptr ? setenv(name_, value, 1) : unsetenv(name_);
  }

  const char* name_;
  std::optional<std::string> before_;
};

/// An nvidia-cuda-mps-control in front of PATH, and temporary folders of this test's own.
class GpuService : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fs::exists("/tmp/nvidia-mps/control")) GTEST_SKIP() << "this machine runs one already";
    fs::create_directory(temporary());
  }

  void install() const {
    std::string text = kProgram;
    for (std::size_t at; (at = text.find("FOLDER")) != std::string::npos;) {
      text.replace(at, 6, folder_.path().string());
    }
    fs::permissions(folder_.add("nvidia-cuda-mps-control", text), fs::perms::owner_all);
  }

  fs::path temporary() const { return folder_.path() / "tmp"; }
  std::string text(const char* name) const {
    return fs::exists(folder_.path() / name) ? tests::read_text(folder_.path() / name) : "";
  }
  /// A zombie does not: not every machine has somebody who buries strangers.
  static bool runs(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string word, state;
    return file >> word >> word >> state && state != "Z";
  }
  /// Neither a folder nor the daemon that was started last; its end may take a moment.
  bool nothing_is_left() const {
    for (int look = 0; look < 1000; ++look) {
      const std::string daemon = text("daemon");
      if (fs::is_empty(temporary()) && (daemon.empty() || !runs(std::stoi(daemon)))) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  /// A session of a kernel of plugins/misbehaving.c.
  static std::unique_ptr<Session> open(const std::string& kernel, gpu::Service& service) {
    return open_session(tests::misbehaving(kernel), {.service = &service});
  }

  /// What is short enough for names of sockets, whatever TMPDIR is.
  Variable short_{"TMPDIR", "/tmp"};
  tests::TemporaryFolder folder_;
  Variable path_{"PATH", (folder_.path().string() + ":" + std::getenv("PATH")).c_str()};
  Variable tmpdir_{"TMPDIR", temporary().c_str()};
  // Whoever runs the tests may have set these.
  Variable own_{"CUDA_MPS_PIPE_DIRECTORY", nullptr};
  Variable wanted_{"ATTEST_MPS", nullptr};
};

TEST_F(GpuService, BeginsAndEndsInAFolderOfItsOwn) {
  install();
  auto service = gpu::Service::start();
  ASSERT_NE(service, nullptr);
  EXPECT_TRUE(service->on());
  EXPECT_FALSE(fs::is_empty(temporary()));
  service.reset();
  EXPECT_TRUE(nothing_is_left());
  const std::string told = text("log");
  EXPECT_EQ(told.rfind("start in " + (folder_.path() / "tmp/attest-mps-").string(), 0), 0u) << told;
  EXPECT_NE(told.find("\nquit in " + (folder_.path() / "tmp/attest-mps-").string()),
            std::string::npos)
      << told;
}

TEST_F(GpuService, IsNotThereWhereItCannotBeOrIsNotWanted) {
  {
    const Variable path("PATH", folder_.path().c_str());  // not even sh finds anything there
    EXPECT_EQ(gpu::Service::start(), nullptr) << "no such program";
  }
  install();
  folder_.add("cannot_start", "");
  EXPECT_EQ(gpu::Service::start(), nullptr) << "it does not start";
  fs::remove(folder_.path() / "cannot_start");
  {
    const Variable wanted("ATTEST_MPS", "0");
    EXPECT_EQ(gpu::Service::start(), nullptr) << "it is not wanted";
  }
  {
    const Variable own("CUDA_MPS_PIPE_DIRECTORY", "/somewhere");
    EXPECT_EQ(gpu::Service::start(), nullptr) << "there is one";
  }
  EXPECT_TRUE(nothing_is_left());
  EXPECT_NE(gpu::Service::start(), nullptr) << "nothing is in the way";
}

TEST_F(GpuService, OneThatDoesNotQuitIsKilled) {
  install();
  folder_.add("cannot_quit", "");
  auto service = gpu::Service::start();
  ASSERT_NE(service, nullptr);
  service.reset();
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(GpuService, EndsWhenItsProcessIsKilled) {
  install();
  const pid_t pid = fork();
  if (pid == 0) {
    const auto service = gpu::Service::start();
    if (service != nullptr) std::raise(SIGKILL);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(nothing_is_left());
  EXPECT_NE(text("log").find("quit in "), std::string::npos);
}

TEST_F(GpuService, AKernelProcessFindsItAndSeesTheDevicesThatItShows) {
  install();
  const Variable visible("CUDA_VISIBLE_DEVICES", "3");
  const auto service = gpu::Service::start("GPU-7");
  ASSERT_NE(service, nullptr);
  ChildProcess child([&](int replies) {
    service->enter();
    const char* folder = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
    const bool good = folder != nullptr && fs::is_directory(folder) &&
                      std::string("GPU-7") == std::getenv("CUDA_VISIBLE_DEVICES");
    write_all(replies, good ? "y" : "n", 1);
  });
  char answer = 0;
  std::size_t count = 0;
  child.receive(&answer, 1, &count, std::chrono::seconds(20));
  EXPECT_EQ(answer, 'y');
  EXPECT_NE(text("log").find(" of GPU-7\n"), std::string::npos) << text("log");
  EXPECT_STREQ(std::getenv("CUDA_VISIBLE_DEVICES"), "3");
}

TEST_F(GpuService, IsGivenUpWithTheFirstProcessThatDies) {
  install();
  const auto service = gpu::Service::start();
  ASSERT_NE(service, nullptr);
  const auto other = open("counts", *service);
  const auto faulty = open("aborts_when_served", *service);
  EXPECT_TRUE(attend_once(*other).ok());
  EXPECT_FALSE(other->take_disturbed());

  EXPECT_EQ(attend_once(*faulty).outcome, Outcome::kCrash);
  EXPECT_FALSE(service->on());
  EXPECT_TRUE(faulty->take_disturbed());
  EXPECT_FALSE(faulty->take_disturbed());
  EXPECT_TRUE(attend_once(*faulty).ok()) << "without the service";
  EXPECT_FALSE(faulty->take_disturbed());

  // Those that lived through it leave the service before their next call. If that is one in the
  // middle of a check, the kernel has lost what came before.
  const std::uint64_t before = other->generation();
  EXPECT_TRUE(attend_once(*other).ok());
  EXPECT_EQ(other->generation(), before + 1);
  EXPECT_TRUE(other->take_disturbed());
  EXPECT_TRUE(attend_once(*other).ok());
  EXPECT_FALSE(other->take_disturbed());
}

TEST_F(GpuService, ACallThatFailsWhileItIsGivenUpIsDisturbed) {
  install();
  const auto service = gpu::Service::start();
  ASSERT_NE(service, nullptr);
  const auto session = open("fails_when_broken", *service);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    service->give_up();
    for (const auto& entry : fs::directory_iterator(temporary())) {
      std::ofstream(entry.path() / "broken") << "";
    }
  });
  const RunResult result = attend_once(*session);
  other.join();
  EXPECT_EQ(result.message, "lost");
  EXPECT_TRUE(session->take_disturbed());
  EXPECT_TRUE(attend_once(*session).ok()) << "without the service";
}

TEST_F(GpuService, IsGivenUpByAKernelThatCannotBeMadeUnderIt) {
  install();
  const auto service = gpu::Service::start();
  ASSERT_NE(service, nullptr);
  const auto session = open("create_crashes", *service);
  EXPECT_FALSE(service->on());
  EXPECT_FALSE(attend_once(*session).ok());
  EXPECT_TRUE(session->take_disturbed());
  EXPECT_FALSE(attend_once(*session).ok());
  EXPECT_FALSE(session->take_disturbed()) << "that one is its own fault";
}

/// Holds when the kernel answers.
const properties::Property kAnswers =
    tests::fake_property("fake.answers", [](const problem::Case&, properties::Harness& harness) {
      const RunResult result = attend_once(harness.session());
      return result.ok() ? Verdict::pass() : Verdict::fail("died", result.message);
    });

TEST_F(GpuService, ACampaignOnAGpuAsksForOneAndEndsIt) {
  install();
  campaign::Options options;
  options.kernels = {tests::fake_kernel("fake/a")};
  options.kernels[0].capabilities.device = ATTEST_CUDA;
  const properties::Property holds = tests::fake_property(
      "fake.holds", [](const problem::Case&, properties::Harness&) { return Verdict::pass(); });
  options.properties = {&holds};
  options.cases = 5;
  options.jobs = 2;
  options.failures = folder_.path() / "failures";
  options.open = tests::fake_sessions();
  const campaign::Report report = campaign::run(options);
  EXPECT_EQ(report.pairs[0].judged, 5);
  EXPECT_NE(text("log").find("start in "), std::string::npos);
  EXPECT_NE(text("log").find("quit in "), std::string::npos);
  EXPECT_TRUE(nothing_is_left());
  // Where there is a device, a process gets a context with a service that is none, too.
  if (!gpu::why_no_device()) return;
  EXPECT_EQ(report.device, campaign::DeviceUse::kInTurns);
  EXPECT_NE(campaign::totals_text(report).find("checks/s, in turns on the device\n"),
            std::string::npos);
}

TEST_F(GpuService, WhatFailsUnderOneThatIsGivenUpIsRunAgain) {
  install();
  for (const char* kernel : {"aborts_when_served", "aborts"}) {
    const auto service = gpu::Service::start();
    ASSERT_NE(service, nullptr);
    campaign::Options options;
    options.kernels = {tests::misbehaving(kernel)};
    options.kernels[0].capabilities.device = ATTEST_CUDA;  // for the campaign alone
    options.open = [](KernelInfo info, const SessionOptions& how) {
      info.capabilities.device = ATTEST_CPU;
      return open_session(info, how);
    };
    options.properties = {&kAnswers};
    options.cases = 20;
    options.jobs = 3;
    options.max_shrinks = 0;
    options.failures = folder_.path() / kernel;
    options.session.service = service.get();
    const campaign::Report report = campaign::run(options);
    EXPECT_FALSE(service->on()) << kernel;
    if (std::string(kernel) == "aborts") {
      ASSERT_EQ(report.failures.size(), 1u) << "a fault of its own";
      EXPECT_EQ(report.failures[0].verdict.status, problem::Status::kFail)
          << report.failures[0].verdict.message;
    } else {
      EXPECT_TRUE(report.failures.empty()) << "lost to others";
      EXPECT_EQ(report.pairs[0].judged, 20);
    }
  }
}

}  // namespace
}  // namespace attest::kernels
