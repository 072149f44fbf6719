// A set of threads of a block, by rank: a bitmap with a cyclic search.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "kernels/simt/limits.h"

namespace attest::simt {

class ReadySet {
 public:
  /// Empties the set and makes room for ranks 0 ... ranks - 1.
  void reset(int ranks) {
    words_ = (ranks + 63) / 64;
    bits_ = {};
    count_ = 0;
  }
  bool empty() const { return count_ == 0; }
  void insert(std::uint32_t rank) {
    bits_[rank / 64] |= std::uint64_t{1} << rank % 64;
    ++count_;
  }
  /// `rank` is in the set.
  void remove(std::uint32_t rank) {
    bits_[rank / 64] &= ~(std::uint64_t{1} << rank % 64);
    --count_;
  }
  /// Removes and returns the first rank at or after `start`, or else the first of all. Not empty.
  std::uint32_t take_from(std::uint32_t start) {
    std::uint32_t word = start / 64;
    std::uint64_t left = bits_[word] & ~std::uint64_t{0} << start % 64;
    while (left == 0) {
      word = word + 1 == static_cast<std::uint32_t>(words_) ? 0 : word + 1;
      left = bits_[word];
    }
    const int bit = std::countr_zero(left);
    bits_[word] &= ~(std::uint64_t{1} << bit);
    --count_;
    return word * 64 + static_cast<std::uint32_t>(bit);
  }

 private:
  std::array<std::uint64_t, kMaxThreads / 64> bits_ = {};
  int words_ = 0;
  int count_ = 0;
};

}  // namespace attest::simt
