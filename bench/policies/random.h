// A stream of random choices from a seed, the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "problem/draws.h"
#include "problem/values.h"

namespace attest::bench {

class Random {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t bits() { return problem::derive_seed(seed_, next_++); }
  std::uint32_t half() { return static_cast<std::uint32_t>(bits() >> 32); }
  /// Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(bits() % span);
  }
  bool coin() { return between(0, 1) == 1; }
  double normal() { return problem::normal(half()); }
  double symmetric() { return problem::symmetric(half()); }  ///< uniform in [-1, 1)
  double unit() { return (symmetric() + 1) / 2; }            ///< uniform in [0, 1)

  template <typename T>
  T pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(from.size()) - 1))];
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1],
                items[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(i) - 1))]);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

}  // namespace attest::bench
