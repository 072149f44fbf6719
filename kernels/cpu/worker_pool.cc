#include "kernels/cpu/worker_pool.h"

namespace attest::kernels::cpu {

WorkerPool::WorkerPool(int num_workers) : num_workers_(num_workers) {
  try {
    for (int worker = 1; worker < num_workers; ++worker) {
      threads_.emplace_back([this, worker] { serve(worker); });
    }
  } catch (...) {
    finish();
    throw;
  }
}

WorkerPool::~WorkerPool() { finish(); }

void WorkerPool::finish() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  begin_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::run(const std::function<void(int)>& job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = &job;
    busy_ = num_workers_ - 1;
    ++jobs_;
  }
  begin_.notify_all();
  struct WaitForOthers {  // also when the caller's own part throws
    WorkerPool& pool;
    ~WaitForOthers() {
      std::unique_lock lock(pool.mutex_);
      pool.end_.wait(lock, [this] { return pool.busy_ == 0; });
      pool.job_ = nullptr;
    }
  } const wait{*this};
  job(0);
}

void WorkerPool::serve(int worker) {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    begin_.wait(lock, [&] { return stop_ || jobs_ != seen; });
    if (stop_) return;
    seen = jobs_;
    const std::function<void(int)>& job = *job_;
    lock.unlock();
    job(worker);
    lock.lock();
    if (--busy_ == 0) end_.notify_one();
  }
}

}  // namespace attest::kernels::cpu
