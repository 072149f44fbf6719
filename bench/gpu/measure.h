// How long work takes on a device, and what its launches look like: both from CUDA graphs, so that
// what the host does costs nothing.
#pragma once

#include <cstddef>
#include <driver_types.h>
#include <functional>
#include <string>
#include <vector>

namespace attest::bench {

/// One kernel launch.
struct LaunchShape {
  std::string function;  ///< its name in the source
  unsigned grid[3] = {1, 1, 1};
  unsigned block[3] = {1, 1, 1};
  std::size_t static_shared = 0, dynamic_shared = 0;  ///< bytes per block
  int registers = 0;                                  ///< per thread
  std::size_t local = 0;                              ///< bytes per thread, spilled registers too
  int blocks_per_sm = 0;                              ///< that fit at once
  double waves = 0;                                   ///< blocks / (blocks_per_sm * SMs)
  double occupancy = 0;                               ///< theoretical, of warps
};

using Enqueue = std::function<void(cudaStream_t stream)>;

/// Launches of `enqueue`, in order of its graph. Throws: CudaError.
std::vector<LaunchShape> launches_of(const Enqueue& enqueue, cudaStream_t stream);

/// Seconds of one `enqueue`: the median of samples that repeat it back to back, after a warm-up.
/// What fits into caches stays in them. Throws: CudaError.
double seconds_of(const Enqueue& enqueue, cudaStream_t stream);

}  // namespace attest::bench
