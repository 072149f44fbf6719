// Where the buffers of a call lie on the device: one slab, each buffer between canaries, as far
// from alignment as on the host; tensors larger than memory in windows like the arena's. No CUDA in
// it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/arena.h"
#include "kernels/call_memory.h"

namespace attest::kernels::gpu {

/// Bytes of canary on each side of a buffer, at least.
inline constexpr std::size_t kCanary = 256;
/// A quiet NaN in each word: what reads one, shows it.
inline constexpr std::uint32_t kCanaryWord = 0xffffbeefu;

class SlabLayout {
 public:
  struct Block {
    const std::byte* host;
    std::size_t bytes;
    std::size_t offset;         ///< in the slab, or in the window
    std::optional<int> window;  ///< of the arena; such a block is not in the slab
    std::string name;
  };

  /// Lays out every buffer of a call. `arena`: whose windows its tensors may lie in.
  SlabLayout(Operation operation, const void* argument, const attest_conventions& conventions,
             const Arena& arena);

  std::size_t bytes() const { return bytes_; }
  /// By address.
  std::span<const Block> blocks() const { return blocks_; }

  /// Canaries and contents, as the host has them. Shapes: slab [bytes()].
  void fill(std::byte* slab) const;
  /// Contents back to the host, inputs too: whoever called sees what was done to them. What lies
  /// around the buffers stays here: the name of the first buffer whose canary changed, if any.
  std::optional<std::string> take(std::span<const std::byte> slab) const;

 private:
  std::vector<Block> blocks_;
  std::size_t bytes_ = 0;
};

/// Where each block of a layout lies on the device.
class Places {
 public:
  /// In a slab, and in windows that begin at `windows` (null where there is none).
  Places(const SlabLayout& layout, std::byte* slab,
         const std::array<std::byte*, Arena::kWindows>& windows);

  /// Moves a block elsewhere.
  void put(std::size_t block, std::byte* place) { places_[block] = place; }
  std::byte* of(std::size_t block) const { return places_[block]; }
  /// The device's address for one of the host, which lies in a buffer of the call.
  std::byte* of(const void* host) const;

 private:
  const SlabLayout& layout_;
  std::vector<std::byte*> places_;
};

}  // namespace attest::kernels::gpu
