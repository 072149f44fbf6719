// Address space of the device in the shape of a SparseWindow: islands of memory, none between them.
// An access there is an illegal address.
#pragma once

#include <cstddef>
#include <driver_types.h>
#include <memory>
#include <vector>

namespace attest::kernels::gpu {

class DeviceWindow {
 public:
  /// On the device of the current context. Throws: ContractError when it has no virtual memory
  /// mappings, or no memory.
  DeviceWindow();
  ~DeviceWindow();
  DeviceWindow(const DeviceWindow&) = delete;
  DeviceWindow& operator=(const DeviceWindow&) = delete;

  std::byte* base() const { return base_; }

  /// Copy the islands that [offset, offset + bytes) meets. `host`: where the host's window begins.
  cudaError_t send(const std::byte* host, std::size_t offset, std::size_t bytes,
                   cudaStream_t stream) const;
  cudaError_t fetch(std::byte* host, std::size_t offset, std::size_t bytes,
                    cudaStream_t stream) const;

 private:
  /// A mapped stretch around an island, in the granules of the device.
  struct Stretch {
    std::size_t begin, bytes;
    unsigned long long memory;
  };
  struct Driver;
  void map(std::size_t island, std::size_t granule);
  void release();

  std::unique_ptr<const Driver> driver_;
  std::byte* base_ = nullptr;
  std::size_t reserved_ = 0;
  std::vector<Stretch> stretches_;
};

}  // namespace attest::kernels::gpu
