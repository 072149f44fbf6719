// Shared memory that a supervisor and its kernel process see at the same address. Launches are laid
// out in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernels/guarded_slots.h"
#include "kernels/sparse_window.h"

namespace attest::kernels {

/// One reserved range, private to nobody: anonymous, shared, committed as touched. Beside it
/// guarded places for single buffers.
class Arena {
 public:
  static constexpr std::size_t kKeep = std::size_t{64} << 20;
  enum class Guards : bool { kNone, kSlots };

  /// Throws SystemError when the range cannot be reserved.
  explicit Arena(std::size_t capacity = std::size_t{4} << 30, Guards guards = Guards::kSlots);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Aligned bytes that stay valid until reset(). Throws ContractError when the arena is full.
  std::byte* allocate(std::size_t bytes, std::size_t alignment);
  /// A place of at least so many bytes between guards, free again after reset(); nothing when it is
  /// too large, all are taken, or the system gave none.
  std::optional<GuardedSlots::Slot> take_slot(std::size_t bytes) {
    return slots_ ? slots_->take(bytes) : std::nullopt;
  }
  /// Decides on which side of its place a buffer lies (Launch::add): one number per check, drawn
  /// from its case, so that a replay lays out the same.
  void place_by(std::uint64_t seed) { placement_ = seed; }
  std::uint64_t placement() const { return placement_; }
  /// Forgets all allocations. The memory keeps its contents, as a real allocator's would; of a
  /// large launch all beyond kKeep goes back to the system and reads as zero again.
  void reset();
  std::size_t used() const { return used_; }
  /// Whether `bytes` bytes from `pointer` lie inside the range, allocated or not.
  bool contains(const void* pointer, std::size_t bytes) const;
  std::size_t capacity() const { return capacity_; }

  /// Room for two tensors that no memory holds, one each; absent where the system gives none.
  static constexpr int kWindows = 2;
  SparseWindow* window(int index) {
    auto& window = windows_[static_cast<std::size_t>(index)];
    return window ? &*window : nullptr;
  }
  /// The window that an address lies in, or nothing.
  std::optional<int> window_of(const void* address) const;
  const SparseWindow& window_at(int index) const {
    return *windows_[static_cast<std::size_t>(index)];
  }
  /// Says that so many bytes of islands were filled; reset() gives them back once they are many.
  void fill_windows(std::size_t bytes) { filled_ += bytes; }
  bool has_windows() const { return windows_[0].has_value() && windows_[1].has_value(); }

 private:
  std::byte* base_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t placement_ = 0;
  std::optional<GuardedSlots> slots_;
  std::array<std::optional<SparseWindow>, kWindows> windows_;
};

}  // namespace attest::kernels
