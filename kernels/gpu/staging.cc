#include "kernels/gpu/staging.h"

#include <cuda_runtime_api.h>

#include "kernels/gpu/window.h"
#include "problem/errors.h"

namespace attest::kernels::gpu {

DeviceMemory::DeviceMemory(bool apart) : apart_(apart) {}

DeviceMemory::~DeviceMemory() { release(); }

void DeviceMemory::make_room(std::size_t bytes) {
  if (bytes <= room_) return;
  release();
  const std::size_t wanted = bytes + bytes / 2;
  require("cudaMalloc", cudaMalloc(reinterpret_cast<void**>(&slab_), wanted));
  require("cudaMallocHost", cudaMallocHost(reinterpret_cast<void**>(&image_), wanted));
  room_ = wanted;
}

void DeviceMemory::release() {
  if (slab_ != nullptr) cudaFree(slab_);
  if (image_ != nullptr) cudaFreeHost(image_);
  slab_ = image_ = nullptr;
  room_ = 0;
}

DeviceWindow& DeviceMemory::window(int index) {
  auto& window = windows_[static_cast<std::size_t>(index)];
  if (window == nullptr) window = std::make_unique<DeviceWindow>();
  return *window;
}

Staging::Staging(DeviceMemory& memory, const SlabLayout& layout, const Arena& arena)
    : memory_(memory), layout_(layout), arena_(arena) {
  memory.make_room(layout.bytes());
  std::array<std::byte*, Arena::kWindows> windows{};
  for (const SlabLayout::Block& block : layout.blocks()) {
    if (!block.window) continue;
    windows[static_cast<std::size_t>(*block.window)] = memory.window(*block.window).base();
  }
  places_.emplace(layout, memory.slab_, windows);
  if (memory.apart_) allocate_apart();
}

Staging::~Staging() {
  for (void* allocation : own_) cudaFree(allocation);
}

void Staging::allocate_apart() {
  constexpr std::size_t kPage = 256;
  const auto blocks = layout_.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].window) continue;
    const std::size_t misalignment = blocks[i].offset % kPage;
    void* allocation = nullptr;
    require("cudaMalloc", cudaMalloc(&allocation, misalignment + blocks[i].bytes));
    own_.push_back(allocation);
    places_->put(i, static_cast<std::byte*>(allocation) + misalignment);
  }
}

cudaError_t Staging::clear() const {
  constexpr int kUnwritten = 0xff;
  const auto blocks = layout_.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].window) continue;  // islands are cleared by what is sent to them
    const cudaError_t error = cudaMemset(places_->of(i), kUnwritten, blocks[i].bytes);
    if (error != cudaSuccess) return error;
  }
  return cudaStreamSynchronize(cudaStreamLegacy);
}

cudaError_t Staging::send(cudaStream_t stream) const {
  layout_.fill(memory_.image_);
  return copy(true, stream);
}

cudaError_t Staging::fetch(cudaStream_t stream) const {
  const cudaError_t error = copy(false, stream);
  return error != cudaSuccess ? error : cudaStreamSynchronize(stream);
}

cudaError_t Staging::copy(bool to_device, cudaStream_t stream) const {
  const auto move = [&](std::byte* device, std::byte* host, std::size_t bytes) {
    return to_device ? cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream)
                     : cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream);
  };
  if (!memory_.apart_) {
    const cudaError_t error = move(memory_.slab_, memory_.image_, layout_.bytes());
    if (error != cudaSuccess) return error;
  }
  const auto blocks = layout_.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const SlabLayout::Block& block = blocks[i];
    cudaError_t error = cudaSuccess;
    if (block.window) {
      const DeviceWindow& window = memory_.window(*block.window);
      std::byte* const host = arena_.window_at(*block.window).base();
      error = to_device ? window.send(host, block.offset, block.bytes, stream)
                        : window.fetch(host, block.offset, block.bytes, stream);
    } else if (memory_.apart_) {
      error =
          move(static_cast<std::byte*>(places_->of(i)), memory_.image_ + block.offset, block.bytes);
    }
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

std::optional<std::string> Staging::take() const {
  return layout_.take({memory_.image_, layout_.bytes()});
}

std::string complaint(const char* what, cudaError_t error) {
  return std::string(what) + ": " + cudaGetErrorName(error) + ": " + cudaGetErrorString(error);
}

void require(const char* what, cudaError_t error) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // else the next launch would be blamed for it
  throw ContractError(complaint(what, error));
}

}  // namespace attest::kernels::gpu
