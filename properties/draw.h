// Random choices inside a RapidCheck generator. Every draw is a statement of its own, so that the
// order of draws does not depend on the compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <rapidcheck/Random.h>

namespace attest::properties {

class Draw {
 public:
  Draw(const rc::Random& random, int size) : random_(random), size_(size) {}

  /// RapidCheck's size, 0 to 100: how large cases may get.
  int size() const { return size_; }
  std::uint64_t bits() { return random_.next(); }
  /// Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    if (high <= low) return low;
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(bits() % span);
  }
  bool chance(int percent) { return between(0, 99) < percent; }
  template <typename T>
  T pick(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(
        between(0, static_cast<std::int64_t>(choices.size()) - 1))];
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      const auto j = static_cast<std::size_t>(between(0, static_cast<std::int64_t>(i) - 1));
      std::swap(items[i - 1], items[j]);
    }
  }

 private:
  rc::Random random_;
  int size_;
};

}  // namespace attest::properties
