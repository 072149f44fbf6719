#include "kernels/gpu/layout.h"

#include <algorithm>
#include <cstring>

#include "problem/errors.h"

namespace attest::kernels::gpu {
namespace {

constexpr std::size_t kPage = 256;  // as cudaMalloc aligns

std::byte canary_at(std::size_t offset) {
  return static_cast<std::byte>(kCanaryWord >> (offset % sizeof(kCanaryWord) * 8));
}

}  // namespace

SlabLayout::SlabLayout(Operation operation, const void* argument,
                       const attest_conventions& conventions, const Arena& arena) {
  for (const CallMemory& memory : call_memory(operation, argument, conventions)) {
    Block block{static_cast<const std::byte*>(memory.data), memory.bytes, 0,
                arena.window_of(memory.data), memory.name};
    if (block.window) {
      block.offset = static_cast<std::size_t>(block.host - arena.window_at(*block.window).base());
    } else {
      const auto misalignment = reinterpret_cast<std::uintptr_t>(block.host) % kPage;
      block.offset = (bytes_ + kCanary + kPage - 1) / kPage * kPage + misalignment;
      bytes_ = block.offset + block.bytes;
    }
    blocks_.push_back(std::move(block));
  }
  bytes_ += kCanary;
}

void SlabLayout::fill(std::byte* slab) const {
  std::size_t at = 0;
  for (const Block& block : blocks_) {
    if (block.window) continue;
    for (; at < block.offset; ++at) slab[at] = canary_at(at);
    std::memcpy(slab + at, block.host, block.bytes);
    at += block.bytes;
  }
  for (; at < bytes_; ++at) slab[at] = canary_at(at);
}

std::optional<std::string> SlabLayout::take(std::span<const std::byte> slab) const {
  std::optional<std::string> damaged;
  std::size_t at = 0;
  const auto check = [&](std::size_t end, const std::string& name) {
    for (; at < end; ++at) {
      if (slab[at] != canary_at(at) && !damaged) damaged = name;
    }
  };
  const Block* before = nullptr;
  for (const Block& block : blocks_) {
    if (block.window) continue;
    // What is before a buffer may have been written from the one before it: the nearer is blamed.
    const std::size_t middle = std::min(block.offset, at + kCanary / 2);
    if (before != nullptr) check(middle, before->name);
    check(block.offset, block.name);
    std::memcpy(const_cast<std::byte*>(block.host), slab.data() + at, block.bytes);
    at += block.bytes;
    before = &block;
  }
  check(bytes_, before == nullptr ? "" : before->name);
  return damaged;
}

Places::Places(const SlabLayout& layout, std::byte* slab,
               const std::array<std::byte*, Arena::kWindows>& windows)
    : layout_(layout) {
  for (const SlabLayout::Block& block : layout.blocks()) {
    std::byte* const base = block.window ? windows[static_cast<std::size_t>(*block.window)] : slab;
    places_.push_back(base + block.offset);
  }
}

std::byte* Places::of(const void* host) const {
  const auto* address = static_cast<const std::byte*>(host);
  const auto blocks = layout_.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (address < blocks[i].host || address >= blocks[i].host + blocks[i].bytes) continue;
    return places_[i] + (address - blocks[i].host);
  }
  throw ContractError("a call names memory that is none of its buffers");
}

}  // namespace attest::kernels::gpu
