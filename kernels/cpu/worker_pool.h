// A few threads that run one job at a time together with the caller. They begin with the pool and
// end with it, so a pool belongs to the process that made it: after a fork the copy must not be
// used.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace attest::kernels::cpu {

class WorkerPool {
 public:
  /// Throws std::system_error when a thread cannot be made.
  explicit WorkerPool(int num_workers);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int num_workers() const { return num_workers_; }

  /// Calls job(worker) once for each worker in [0, num_workers), all at the same time; the caller
  /// is worker 0. Returns when all are done, and throws what worker 0 threw. The other workers must
  /// not throw.
  void run(const std::function<void(int worker)>& job);

 private:
  void serve(int worker);
  void finish();

  const int num_workers_;
  std::mutex mutex_;
  std::condition_variable begin_;
  std::condition_variable end_;
  const std::function<void(int)>* job_ = nullptr;
  std::uint64_t jobs_ = 0;  ///< begun so far
  int busy_ = 0;            ///< workers but the caller that have not finished this one
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace attest::kernels::cpu
