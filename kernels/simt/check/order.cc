#include "kernels/simt/check/order.h"

#include <algorithm>

namespace attest::simt::check {

void BlockOrder::begin_launch() { releases_.clear(); }

void BlockOrder::begin_block(std::uint32_t epoch) {
  acquired_.clear();
  if (fenced_) fence_epoch_ = {};
  fenced_ = false;
  first_epoch_ = epoch;
}

// A fence covers what comes before it: earlier epochs, and in its own the thread's accesses. It
// counts if it comes before the atomic operation itself: a thread's own, or one before a barrier.
bool BlockOrder::make_release(const Access& self, Release& release) const {
  if (!fenced_) return false;
  release = {first_epoch_, 0, 0, {}};
  if (fence_epoch_[static_cast<std::size_t>(self.thread())] == self.epoch()) {
    release.before = self.epoch();
    release.in = self.epoch();
    release.who.set(static_cast<std::size_t>(self.thread()));
    return true;
  }
  for (const std::uint32_t epoch : fence_epoch_) {
    if (epoch < self.epoch()) release.before = std::max(release.before, epoch);
  }
  if (release.before == 0) return false;
  release.in = release.before;
  for (std::size_t i = 0; i < fence_epoch_.size(); ++i) {
    if (fence_epoch_[i] == release.in) release.who.set(i);
  }
  return true;
}

void BlockOrder::atomic(const void* address, const Access& self) {
  std::vector<Release>& here = releases_[address];
  acquired_.push_back({address, here.size(), self});
  Release release;
  if (!make_release(self, release)) return;
  if (!here.empty() && here.back().first_epoch == first_epoch_) {
    here.back() = release;
  } else {
    here.push_back(release);
  }
}

bool BlockOrder::released(const Acquired& acquired, const Access& earlier) const {
  const auto found = releases_.find(acquired.address);
  if (found == releases_.end()) return false;
  const auto end = found->second.begin() + static_cast<std::ptrdiff_t>(acquired.count);
  auto after = std::upper_bound(
      found->second.begin(), end, earlier.epoch(),
      [](std::uint32_t epoch, const Release& release) { return epoch < release.first_epoch; });
  if (after == found->second.begin()) return false;
  const Release& release = *--after;
  return earlier.epoch() < release.before ||
         (earlier.epoch() == release.in &&
          release.who.test(static_cast<std::size_t>(earlier.thread())));
}

}  // namespace attest::simt::check
