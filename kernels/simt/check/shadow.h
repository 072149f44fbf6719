// What is remembered about memory: a cell and flags for each word of four bytes, and a cell for
// each byte of words that were accessed in parts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attest::simt::check {

/// Who accessed something and when. Packed, so that "again the same" is one comparison.
class Access {
 public:
  Access() = default;
  Access(std::uint32_t epoch, int thread, std::uint32_t clock, bool atomic)
      : bits_(std::uint64_t{epoch} << 32 | static_cast<std::uint64_t>(thread) << 22 |
              std::uint64_t{clock} << 1 | (atomic ? 1 : 0)) {}
  static constexpr std::uint32_t kMaxClock = (1u << 21) - 1;

  std::uint32_t epoch() const { return static_cast<std::uint32_t>(bits_ >> 32); }
  int thread() const { return static_cast<int>(bits_ >> 22 & 0x3ff); }
  std::uint32_t clock() const { return static_cast<std::uint32_t>(bits_ >> 1 & kMaxClock); }
  bool atomic() const { return (bits_ & 1) != 0; }
  bool operator==(const Access& other) const { return bits_ == other.bits_; }

 private:
  std::uint64_t bits_ = 0;  ///< epoch 0: none
};

/// A place in the code: an offset into the module, or with the top bit the number of a Site.
using Code = std::uint32_t;
inline constexpr Code kSiteBit = 0x80000000u;

struct Cell {
  Access write;
  Access read;   ///< the first of its epoch
  Access read2;  ///< the latest by another thread, or one of an earlier epoch
  Code write_code;
  Code read_code;
  Code read2_code;
};

/// Bits 0-3: the byte may be accessed; 4-7: it has a content; 8: the word has a cell per byte.
using Flags = std::uint16_t;
inline constexpr Flags kValid = 0x0f;
inline constexpr Flags kWritten = 0xf0;
inline constexpr Flags kSplit = 0x100;

/// Shadow of a stretch of memory.
struct Shadow {
  Cell* cells = nullptr;   ///< of words
  Cell* parts = nullptr;   ///< of bytes, where kSplit is set
  Flags* flags = nullptr;  ///< of words, as a difference to `normal`
  Flags normal = 0;

  Flags get(std::size_t word) const { return static_cast<Flags>(flags[word] ^ normal); }
  void set(std::size_t word, Flags value) const {
    flags[word] = static_cast<Flags>(value ^ normal);
  }
  void add(std::size_t first, std::size_t bytes, Flags of_byte_0) const {
    for (std::size_t i = first; i < first + bytes; ++i) {
      set(i / 4, static_cast<Flags>(get(i / 4) | of_byte_0 << i % 4));
    }
  }
};
inline constexpr Flags kValidByte = 0x01;
inline constexpr Flags kWrittenByte = 0x10;

}  // namespace attest::simt::check
