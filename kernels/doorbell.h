// A counter in shared memory that one process rings and another waits for. Costs a system call on
// either side only when the waiting side has gone to sleep.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace attest::kernels {

/// How long to look for a ring before going to sleep: `most` as long as that is enough, and less
/// and less where it is not. On a machine whose cores are busy it never is: whoever is waited for
/// has nowhere to ring from.
class Patience {
 public:
  explicit Patience(std::chrono::nanoseconds most) : most_(most), now_(most) {}

  /// For the next wait. Once given up, it is tried for a moment every kProbe waits.
  std::chrono::nanoseconds next() {
    if (now_.count() > 0 || most_.count() == 0) return now_;
    return ++waits_ % kProbe == 0 ? most_ / 4 : std::chrono::nanoseconds(0);
  }
  void enough() { now_ = most_; }
  void too_short() {
    now_ /= 2;
    if (now_ < most_ / 8) now_ = std::chrono::nanoseconds(0);
  }

  static constexpr std::uint32_t kProbe = 64;

 private:
  std::chrono::nanoseconds most_;
  std::chrono::nanoseconds now_;
  std::uint32_t waits_ = 0;
};

/// Nothing is locked while a side waits, so a side that dies leaves nothing locked. A side that
/// scribbles here can make the other wait until its time is over, and no longer.
class Doorbell {
 public:
  /// Async-signal-safe.
  void ring();
  std::uint32_t rings() const { return rings_.load(std::memory_order_acquire); }
  /// Until rings() is no longer `seen`; false when the time is over before, or something came
  /// between. Looks as long as `patience` has it, then sleeps.
  bool wait(std::uint32_t seen, Patience& patience, std::chrono::nanoseconds time);

 private:
  std::atomic<std::uint32_t> rings_{0};
  std::atomic<std::uint32_t> asleep_{0};
};

}  // namespace attest::kernels
