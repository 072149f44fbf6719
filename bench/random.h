// Numbers that look random and are the same everywhere, for benchmarks.
#pragma once

#include <cstdint>

namespace attest::bench {

/// Knuth's linear congruential generator of MMIX; the upper half of its state.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint32_t operator()() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state_ >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace attest::bench
