// Adds the time of a scope to a total.
#pragma once

#include <chrono>
#include <cstdint>

namespace attest::properties {

class Stopwatch {
 public:
  explicit Stopwatch(std::int64_t& total)
      : total_(total), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    total_ += std::chrono::duration_cast<std::chrono::nanoseconds>(
                  std::chrono::steady_clock::now() - start_)
                  .count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::int64_t& total_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace attest::properties
