#include "kernels/doorbell.h"

#include <climits>
#include <ctime>
#include <unistd.h>

#include <linux/futex.h>
#include <sys/syscall.h>

namespace attest::kernels {
namespace {

// Looks at the clock are rarer than looks at the bell.
constexpr int kLooks = 16;

void rest() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint32_t>) == 4);

void Doorbell::ring() {
  rings_.fetch_add(1);
  if (asleep_.load() == 0) return;
  syscall(SYS_futex, &rings_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

bool Doorbell::wait(std::uint32_t seen, Patience& patience, std::chrono::nanoseconds time) {
  if (rings() != seen) return true;
  if (const std::chrono::nanoseconds looking = patience.next(); looking.count() > 0) {
    const auto end = std::chrono::steady_clock::now() + looking;
    do {
      for (int look = 0; look < kLooks; ++look) {
        if (rings() != seen) {
          patience.enough();
          return true;
        }
        rest();
      }
    } while (std::chrono::steady_clock::now() < end);
    patience.too_short();
  }
  // The kernel compares the counter once more, so a ring between here and there is not slept
  // through; and whoever rings after it sees that somebody sleeps.
  asleep_.store(1);
  timespec left{};
  left.tv_sec = static_cast<time_t>(time.count() / 1'000'000'000);
  left.tv_nsec = static_cast<long>(time.count() % 1'000'000'000);
  syscall(SYS_futex, &rings_, FUTEX_WAIT, seen, &left, nullptr, 0);
  asleep_.store(0);
  return rings() != seen;
}

}  // namespace attest::kernels
