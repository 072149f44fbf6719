// Shared memory that a supervisor and its kernel process see at the same address. Launches are laid
// out in it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "kernels/sparse_window.h"

namespace attest::kernels {

/// One reserved range, private to nobody: anonymous, shared, committed as touched.
class Arena {
 public:
  static constexpr std::size_t kKeep = std::size_t{64} << 20;

  /// Throws SystemError when the range cannot be reserved.
  explicit Arena(std::size_t capacity = std::size_t{4} << 30);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Aligned bytes that stay valid until reset(). Throws ContractError when the arena is full.
  std::byte* allocate(std::size_t bytes, std::size_t alignment);
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
  /// Says that so many bytes of islands were filled; reset() gives them back once they are many.
  void fill_windows(std::size_t bytes) { filled_ += bytes; }
  bool has_windows() const { return windows_[0].has_value() && windows_[1].has_value(); }

 private:
  std::byte* base_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  std::array<std::optional<SparseWindow>, kWindows> windows_;
};

}  // namespace attest::kernels
