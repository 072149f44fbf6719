// Memory of the device and its images on the host, as large as any call so far has needed; and one
// call's way there and back.
#pragma once

#include <array>
#include <cstddef>
#include <driver_types.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/gpu/layout.h"

namespace attest::kernels::gpu {

class DeviceWindow;

/// Lives as long as a kernel process's context.
class DeviceMemory {
 public:
  /// `apart`: each buffer of a call gets an allocation of its own, of its very size, so that
  /// compute-sanitizer sees what is read outside of it.
  explicit DeviceMemory(bool apart);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  void make_room(std::size_t bytes);
  DeviceWindow& window(int index);  ///< made when it is first needed

 private:
  friend class Staging;
  void release();

  bool apart_;
  std::byte* slab_ = nullptr;
  std::byte* image_ = nullptr;  ///< pinned
  std::size_t room_ = 0;
  std::array<std::unique_ptr<DeviceWindow>, Arena::kWindows> windows_;
};

/// One call. Throws: ContractError when the device has no memory for it.
class Staging {
 public:
  Staging(DeviceMemory& memory, const SlabLayout& layout, const Arena& arena);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  const Places& places() const { return *places_; }
  /// NaN everywhere, so that nothing an earlier call left passes for this one's. Waits.
  cudaError_t clear() const;
  cudaError_t send(cudaStream_t stream) const;
  /// Brings everything to the images; waits.
  cudaError_t fetch(cudaStream_t stream) const;
  /// After fetch(): contents back to the call's buffers. The first buffer whose canary changed.
  std::optional<std::string> take() const;

 private:
  void allocate_apart();
  cudaError_t copy(bool to_device, cudaStream_t stream) const;

  DeviceMemory& memory_;
  const SlabLayout& layout_;
  const Arena& arena_;
  std::optional<Places> places_;
  std::vector<void*> own_;  ///< allocations of this call's buffers, in mode `apart`
};

/// Throws: ContractError with CUDA's words, which then are forgotten.
void require(const char* what, cudaError_t error);
/// "what: cudaErrorX: in CUDA's words".
std::string complaint(const char* what, cudaError_t error);

}  // namespace attest::kernels::gpu
