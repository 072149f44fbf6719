// CUDA's multi-process service as attest starts and leaves it, with a program in its place that
// writes down what it is told.
#include "kernels/gpu/service.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "campaign/campaign.h"
#include "kernels/child_process.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"
#include "tests/kernels/plugins.h"
#include "tests/kernels/small_call.h"

namespace attest::kernels {
namespace {

namespace fs = std::filesystem;
using problem::Verdict;
using tests::attend_once;

constexpr const char* kProgram = R"(#!/bin/sh
if [ "$1" = -d ]; then
  echo "start in $CUDA_MPS_PIPE_DIRECTORY" >>LOG
  exit START
fi
read -r command
echo "$command in $CUDA_MPS_PIPE_DIRECTORY" >>LOG
)";

/// An nvidia-cuda-mps-control in front of PATH, and temporary folders of this test's own.
class GpuService : public ::testing::Test {
 protected:
  void SetUp() override {
    // Whoever runs the tests may have one.
    unsetenv("CUDA_MPS_PIPE_DIRECTORY");
    if (fs::exists("/tmp/nvidia-mps/control")) GTEST_SKIP() << "this machine runs one already";
    path_ = std::getenv("PATH");
    setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
    setenv("TMPDIR", (folder_.path() / "tmp").c_str(), 1);
    fs::create_directory(folder_.path() / "tmp");
  }
  void TearDown() override {
    if (!path_.empty()) setenv("PATH", path_.c_str(), 1);
    unsetenv("TMPDIR");
    unsetenv("ATTEST_MPS");
    unsetenv("CUDA_MPS_PIPE_DIRECTORY");
    unsetenv("CUDA_VISIBLE_DEVICES");
  }

  /// One whose start ends with `code`.
  void install(int code = 0) {
    std::string text = kProgram;
    for (std::size_t at; (at = text.find("LOG")) != std::string::npos;) {
      text.replace(at, 3, log_.string());
    }
    text.replace(text.find("START"), 5, std::to_string(code));
    fs::permissions(folder_.add("nvidia-cuda-mps-control", text), fs::perms::owner_all);
  }

  std::string log() const { return fs::exists(log_) ? tests::read_text(log_) : ""; }
  bool nothing_is_left() const { return fs::is_empty(folder_.path() / "tmp"); }

  /// A session of a kernel of plugins/misbehaving.c.
  static std::unique_ptr<Session> open(const std::string& kernel, gpu::Service& service) {
    return open_session(tests::misbehaving(kernel), {.service = &service});
  }

  tests::TemporaryFolder folder_;
  fs::path log_ = folder_.path() / "log";
  std::string path_;
};

TEST_F(GpuService, BeginsAndEndsInAFolderOfItsOwn) {
  install();
  auto service = gpu::Service::start();
  ASSERT_NE(service, nullptr);
  EXPECT_TRUE(service->on());
  EXPECT_FALSE(nothing_is_left());
  service.reset();
  EXPECT_TRUE(nothing_is_left());
  const std::string told = log();
  EXPECT_EQ(told.rfind("start in " + (folder_.path() / "tmp/attest-mps-").string(), 0), 0u) << told;
  EXPECT_NE(told.find("\nquit in " + (folder_.path() / "tmp/attest-mps-").string()),
            std::string::npos)
      << told;
}

TEST_F(GpuService, IsNotThereWhereItCannotBeOrIsNotWanted) {
  setenv("PATH", "/usr/bin:/bin", 1);
  if (system("command -v nvidia-cuda-mps-control >/dev/null") != 0) {
    EXPECT_EQ(gpu::Service::start(), nullptr) << "no such program";
  }
  setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
  install(1);
  EXPECT_EQ(gpu::Service::start(), nullptr) << "it does not start";
  install();
  setenv("ATTEST_MPS", "0", 1);
  EXPECT_EQ(gpu::Service::start(), nullptr) << "it is not wanted";
  unsetenv("ATTEST_MPS");
  setenv("CUDA_MPS_PIPE_DIRECTORY", "/somewhere", 1);
  EXPECT_EQ(gpu::Service::start(), nullptr) << "there is one";
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
  for (int look = 0; look < 1000 && !nothing_is_left(); ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(nothing_is_left());
  EXPECT_NE(log().find("quit in "), std::string::npos);
}

TEST_F(GpuService, AKernelProcessFindsItAndSeesTheDevicesThatItShows) {
  install();
  setenv("CUDA_VISIBLE_DEVICES", "3", 1);
  const auto service = gpu::Service::start();
  ASSERT_NE(service, nullptr);
  ChildProcess child([&](int replies) {
    service->enter();
    const char* folder = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
    const bool good = folder != nullptr && fs::is_directory(folder) &&
                      std::getenv("CUDA_VISIBLE_DEVICES") == nullptr;
    write_all(replies, good ? "y" : "n", 1);
  });
  char answer = 0;
  std::size_t count = 0;
  child.receive(&answer, 1, &count, std::chrono::seconds(20));
  EXPECT_EQ(answer, 'y');
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

  // Those that lived through it leave the service before their next call.
  const std::uint64_t before = other->generation();
  EXPECT_TRUE(attend_once(*other).ok());
  EXPECT_EQ(other->generation(), before + 1);
  EXPECT_FALSE(other->take_disturbed());
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

TEST_F(GpuService, WhatFailsUnderOneThatIsGivenUpIsRunAgain) {
  install();
  for (const char* kernel : {"aborts_when_served", "aborts"}) {
    const auto service = gpu::Service::start();
    ASSERT_NE(service, nullptr);
    campaign::Options options;
    options.kernels = {tests::misbehaving(kernel)};
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
