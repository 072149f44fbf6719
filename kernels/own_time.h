// How long a process has had to get on: wall time, but for the time in which it wanted to run and
// others had the cores. What tells a kernel that hangs from one on a machine that is busy.
#pragma once

#include <chrono>

#include <sys/types.h>

namespace attest::kernels {

/// Time is sampled: what the process is found doing at a look is taken for what it did since the
/// last one. One that waits (for a lock, a sleep, a device) or is stopped has the time; one that
/// could run, or waits for the disk, has as much of it as it used of a core.
class OwnTime {
 public:
  using Clock = std::chrono::steady_clock;

  /// Of a process with all its threads, since `start`, which has just been.
  OwnTime(pid_t process, Clock::time_point start);
  /// The time it had until now; to be asked a few times a second.
  std::chrono::nanoseconds look();

 private:
  std::chrono::nanoseconds used() const;

  pid_t process_;
  Clock::time_point last_;
  std::chrono::nanoseconds last_used_{0};
  std::chrono::nanoseconds own_{0};
};

}  // namespace attest::kernels
