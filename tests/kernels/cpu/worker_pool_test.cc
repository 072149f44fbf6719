#include "kernels/cpu/worker_pool.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace attest::kernels::cpu {
namespace {

TEST(WorkerPool, RunsAJobOnceOnEveryWorker) {
  WorkerPool pool(4);
  for (int job = 0; job < 200; ++job) {
    std::vector<int> runs(4, 0);  // each worker has an element of its own
    pool.run([&](int worker) { ++runs[static_cast<std::size_t>(worker)]; });
    EXPECT_EQ(runs, std::vector<int>(4, 1)) << job;
  }
}

TEST(WorkerPool, WorkersRunAtTheSameTime) {
  WorkerPool pool(2);
  std::atomic<int> arrived{0};
  pool.run([&](int) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();  // hangs if they took turns
  });
  EXPECT_EQ(arrived, 2);
}

TEST(WorkerPool, OfOneIsTheCallerAlone) {
  WorkerPool pool(1);
  int runs = 0;
  pool.run([&](int worker) { runs += 1 + worker; });
  EXPECT_EQ(runs, 1);
}

TEST(WorkerPool, WaitsForTheOthersWhenTheCallersPartThrows) {
  WorkerPool pool(3);
  std::atomic<int> finished{0};
  const auto job = [&](int worker) {
    if (worker == 0) throw std::runtime_error("no");
    ++finished;
  };
  EXPECT_THROW(pool.run(job), std::runtime_error);
  EXPECT_EQ(finished, 2);
  pool.run([&](int) { ++finished; });
  EXPECT_EQ(finished, 5);
}

TEST(WorkerPool, EndsWithoutEverHavingWorked) { WorkerPool pool(3); }

}  // namespace
}  // namespace attest::kernels::cpu
