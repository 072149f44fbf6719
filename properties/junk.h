// What unused memory holds before a run: seeded, so that a case replays; different under another
// seed, so that what is heard of it shows.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace attest::properties {

/// Mixes a counter into junk bits; contents of junk need no more than to differ between seeds.
inline std::uint64_t mix(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15ull * (index + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/// Which of the 256 junk values an element has.
inline std::uint8_t junk_byte(std::uint64_t seed, std::uint64_t index) {
  return static_cast<std::uint8_t>(mix(seed, index) >> 56);
}
inline double junk_of(std::uint8_t byte) {
  return static_cast<double>(static_cast<std::int64_t>(byte) - 128) / 64.0;
}
/// Ordinary finite numbers in [-2, 2), as an allocator's left-overs of the same tensor would be.
inline double junk_value(std::uint64_t seed, std::uint64_t index) {
  return junk_of(junk_byte(seed, index));
}

/// Bytes that are neither zero nor plausible numbers.
inline void fill_junk(std::byte* data, std::size_t bytes, std::uint64_t seed) {
  static_assert(std::endian::native == std::endian::little);
  for (std::size_t i = 0; i < bytes; i += 8) {
    const std::uint64_t word = mix(seed, i / 8);
    std::memcpy(data + i, &word, std::min<std::size_t>(8, bytes - i));
  }
}

}  // namespace attest::properties
