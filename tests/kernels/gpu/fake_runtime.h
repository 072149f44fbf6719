// What kernels/gpu calls of CUDA, played by memory of the host, so that the worker of the device
// runs where there is none. Errors come when a test asks for them.
#pragma once

#include <cstddef>
#include <cuda_runtime_api.h>
#include <functional>
#include <map>
#include <vector>

namespace attest::tests {

struct FakeRuntime {
  std::map<void*, std::size_t> allocations = {};  ///< of the device, with the size asked for
  int pinned = 0, streams = 0, mappings = 0;
  cudaError_t last = cudaSuccess;                 ///< what cudaGetLastError() finds and forgets
  cudaError_t lost = cudaSuccess;                 ///< what every wait and copy says from here on
  std::size_t room = std::size_t{1} << 40;        ///< larger allocations fail
  bool has_driver = true;                         ///< whose functions can be looked up
  bool capturing = false, spoilt = false;         ///< spoilt: by a wait in the capture
  std::vector<std::function<void()>> graph = {};  ///< what was captured
  int graphs = 0;
  bool held = false;                                ///< the stream is, by a host function
  std::vector<std::function<void()>> pending = {};  ///< what waits in it

  /// A launch on the stream: runs `work`, or captures it, or has it wait.
  void launch(std::function<void()> work);
};

FakeRuntime& fake_runtime();

}  // namespace attest::tests
