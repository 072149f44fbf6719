// Ctrl-C as a flag instead of an end: a campaign stops early and still reports what it did.
#pragma once

#include <csignal>

namespace attest::campaign {

/// While one lives, SIGINT and SIGTERM only count. The third one ends the process as usual.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

/// Signals since the first guard was made.
int interruptions();

}  // namespace attest::campaign
