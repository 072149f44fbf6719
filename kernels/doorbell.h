// A counter in shared memory that one process rings and another waits for. Costs a system call on
// either side only when the waiting side has gone to sleep.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace attest::kernels {

/// Nothing is locked while a side waits, so a side that dies leaves nothing locked. A side that
/// scribbles here can make the other wait until its time is over, and no longer.
class Doorbell {
 public:
  /// Async-signal-safe.
  void ring();
  std::uint32_t rings() const { return rings_.load(std::memory_order_acquire); }
  /// Until rings() is no longer `seen`; false when the time is over before, or something came
  /// between: `patience` is what may be spent without sleeping.
  bool wait(std::uint32_t seen, std::chrono::nanoseconds patience, std::chrono::nanoseconds time);

 private:
  std::atomic<std::uint32_t> rings_{0};
  std::atomic<std::uint32_t> asleep_{0};
};

}  // namespace attest::kernels
