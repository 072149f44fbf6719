#include "kernels/own_time.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <sched.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "kernels/child_process.h"
#include "kernels/session.h"
#include "tests/kernels/plugins.h"
#include "tests/kernels/small_call.h"

namespace attest::kernels {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Keeps the first core busy, on which the kernel of plugins/idle.c sits.
class BusyCore {
 public:
  BusyCore() {
    thread_ = std::thread([this] {
      cpu_set_t cores, first;
      sched_getaffinity(0, sizeof cores, &cores);
      CPU_ZERO(&first);
      int core = 0;
      while (core < CPU_SETSIZE - 1 && !CPU_ISSET(core, &cores)) ++core;
      CPU_SET(core, &first);
      sched_setaffinity(0, sizeof first, &first);
      while (!done_) {
      }
    });
  }
  ~BusyCore() {
    done_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

std::unique_ptr<Session> open_idle(milliseconds timeout) {
  return open_session(plugin_infos(tests::plugin("idle")).front(), {.timeout = timeout});
}

TEST(OwnTime, GoesOnWhileAProcessSleeps) {
  const ChildProcess sleeper([](int) { pause(); }, ChildProcess::Link::kNone);
  std::this_thread::sleep_for(milliseconds(100));  // it has to get there first
  const Clock::time_point start = Clock::now();
  OwnTime own(sleeper.pid(), start);
  std::this_thread::sleep_for(milliseconds(50));
  const std::chrono::nanoseconds had = own.look();
  EXPECT_GE(had, milliseconds(50));
  EXPECT_LE(had, Clock::now() - start);
}

TEST(OwnTime, AKernelThatGetsNoCoreDoesNotHang) {
  constexpr milliseconds kTimeout(500);
  const auto session = open_idle(kTimeout);
  const tests::SmallCall small(*session);
  const BusyCore busy;
  const Clock::time_point start = Clock::now();
  small.call->num_splits = 4;
  const RunResult result = session->attend(small.call);
  EXPECT_TRUE(result.ok()) << result.message;
  if (Clock::now() - start < kTimeout) GTEST_SKIP() << "the kernel got a core all the same";
}

TEST(OwnTime, AKernelThatGetsNoCoreForVeryLongHangs) {
  const auto session = open_idle(milliseconds(50));
  const tests::SmallCall small(*session);
  const BusyCore busy;
  const RunResult result = session->attend(small.call);
  EXPECT_EQ(result.outcome, Outcome::kHang);
  EXPECT_EQ(result.message.rfind("no answer within ", 0), 0u) << result.message;
}

}  // namespace
}  // namespace attest::kernels
