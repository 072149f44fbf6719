// What DeviceMode does to a stream: captures it, or holds it up.
#pragma once

#include <atomic>
#include <driver_types.h>

namespace attest::kernels::gpu {

/// What is enqueued between begin() and replay(), as a graph.
class Graph {
 public:
  explicit Graph(cudaStream_t stream) : stream_(stream) {}
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// From here on, what this thread may not do in a capture is an error.
  cudaError_t begin();
  /// Runs it and waits.
  cudaError_t replay();

 private:
  cudaStream_t stream_;
  bool capturing_ = false;
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
};

/// Keeps what is enqueued from hold() on from running until release(), but no longer than a
/// moment: who waits for the stream in between has to come back.
class HeldStream {
 public:
  explicit HeldStream(cudaStream_t stream) : stream_(stream) {}
  ~HeldStream();
  HeldStream(const HeldStream&) = delete;
  HeldStream& operator=(const HeldStream&) = delete;

  cudaError_t hold();
  /// After the default streams have done what was launched on them.
  cudaError_t release();

 private:
  static void wait(void* self);

  cudaStream_t stream_;
  bool held_ = false;
  std::atomic<bool> open_ = false;
};

}  // namespace attest::kernels::gpu
