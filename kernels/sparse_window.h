// Address space for a tensor far larger than memory. Only islands of it can be filled: one at the
// begin, one around each power of two from 2 to 16 GiB, where offsets of 2^31 and 2^32 elements of
// 1 to 8 bytes lie. Reads elsewhere find zeros and take no memory; writes there are a fault.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace attest::kernels {

class SparseWindow {
 public:
  static constexpr std::size_t kIsland = std::size_t{16} << 20;
  /// An island around a boundary begins this far before it.
  static constexpr std::size_t kLead = std::size_t{1} << 20;
  static constexpr std::size_t kGiB = std::size_t{1} << 30;
  static constexpr std::size_t kBytes = 16 * kGiB + kIsland;

  /// The window, or nothing where the system does not give that much address space. Shared with
  /// processes forked afterwards, at the same address.
  static std::optional<SparseWindow> reserve();
  SparseWindow(SparseWindow&& other) noexcept : base_(other.base_) { other.base_ = nullptr; }
  SparseWindow& operator=(SparseWindow&&) = delete;
  SparseWindow(const SparseWindow&) = delete;
  SparseWindow& operator=(const SparseWindow&) = delete;
  ~SparseWindow();

  std::byte* base() const { return base_; }
  /// Where the islands begin, in ascending order.
  static std::span<const std::size_t> islands();
  /// Whether [offset, offset + bytes) lies in one island.
  static bool in_island(std::size_t offset, std::size_t bytes);
  /// Gives the islands' memory back; they read as zeros again.
  void clear();

 private:
  explicit SparseWindow(std::byte* base) : base_(base) {}
  std::byte* base_;
};

}  // namespace attest::kernels
