// Memory for the engine. Internal to oracle/.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace attest::oracle {

/// Numbers at an address that is a multiple of 64; grows, never shrinks.
template <typename Number>
class AlignedMemory {
 public:
  /// At least `count` of them; the contents are lost when the memory grows.
  Number* reserve(std::int64_t count) {
    if (count > capacity_ || memory_ == nullptr) {
      constexpr std::size_t kAlignment = 64;
      const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(Number);
      memory_.reset(static_cast<Number*>(
          std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment)));
      if (memory_ == nullptr) throw std::bad_alloc();
      capacity_ = count;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(Number* memory) const { std::free(memory); }
  };
  std::unique_ptr<Number, Free> memory_;
  std::int64_t capacity_ = 0;
};

}  // namespace attest::oracle
