// Places for buffers, each between two stretches of memory that nobody may touch: a read one byte
// outside of a buffer that reaches the edge of its place is a crash. Laid out and protected once,
// so that a call costs no system call.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

namespace attest::kernels {

class GuardedSlots {
 public:
  /// A free place; begin and end are page boundaries with nothing beyond them.
  struct Slot {
    std::byte* begin = nullptr;
    std::byte* end = nullptr;
  };

  /// Address space only; nothing where the system does not give that much, or not that many
  /// mappings. Shared with processes forked afterwards, at the same address.
  static std::optional<GuardedSlots> reserve();
  GuardedSlots(GuardedSlots&& other) noexcept;
  GuardedSlots& operator=(GuardedSlots&&) = delete;
  GuardedSlots(const GuardedSlots&) = delete;
  GuardedSlots& operator=(const GuardedSlots&) = delete;
  ~GuardedSlots();

  /// The smallest free slot of at least so many bytes, or nothing: too large, or all are taken.
  std::optional<Slot> take(std::size_t bytes);
  /// All slots are free again. They keep their contents, unless they have come to hold more than
  /// kKeep together: then they read as zero.
  void reset();
  static constexpr std::size_t kKeep = std::size_t{64} << 20;

 private:
  // From slots of one page in steps of four. A call has a dozen or two buffers, nearly all small;
  // when those of a size are taken, the next larger size helps out.
  struct Size {
    std::size_t bytes;
    std::size_t count;
  };
  static constexpr std::size_t kPage = 4096;
  static constexpr std::array<Size, 8> kSizes = {{{kPage, 48},
                                                  {4 * kPage, 32},
                                                  {16 * kPage, 24},
                                                  {64 * kPage, 16},
                                                  {256 * kPage, 10},
                                                  {1024 * kPage, 8},
                                                  {4096 * kPage, 6},
                                                  {16384 * kPage, 4}}};
  /// Behind every slot, and before the first.
  static constexpr std::size_t guard_of(std::size_t bytes) {
    return bytes < std::size_t{64} << 10  ? std::size_t{64} << 10
           : bytes > std::size_t{4} << 20 ? std::size_t{4} << 20
                                          : bytes;
  }
  static constexpr std::size_t stride_of(std::size_t bytes) { return bytes + guard_of(bytes); }

  explicit GuardedSlots(std::byte* base);

  std::byte* base_;
  std::array<std::byte*, kSizes.size()> first_{};  ///< first slot of each size
  std::array<std::size_t, kSizes.size()> taken_{};
  // Since they were last emptied: most taken at once, and the largest request.
  std::array<std::size_t, kSizes.size()> touched_{};
  std::array<std::size_t, kSizes.size()> largest_{};
};

}  // namespace attest::kernels
