// Which accesses of other blocks come before those of this one. Nothing orders blocks of a launch
// but the pattern of the "last block": write, __threadfence(), atomic operation there; an atomic
// operation on the same address here.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "kernels/simt/check/shadow.h"
#include "kernels/simt/limits.h"

namespace attest::simt::check {

class BlockOrder {
 public:
  void begin_launch();
  void begin_block(std::uint32_t epoch);
  /// __threadfence() of a thread.
  void fence(int thread, std::uint32_t epoch) {
    fence_epoch_[static_cast<std::size_t>(thread)] = epoch;
    fenced_ = true;
  }
  /// An atomic operation: takes over what others released at `address`, and releases.
  void atomic(const void* address, const Access& self);
  /// Whether `earlier`, of another block, comes before an access that comes after `acquired` as
  /// `happened` tells. `address`: of the access; another block's atomic operation on it comes
  /// before whatever follows one's own.
  template <class Happened>
  bool ordered(const Access& earlier, const void* address, Happened happened) const {
    for (const Acquired& one : acquired_) {
      if (!happened(one.by)) continue;
      if (one.address == address && earlier.atomic()) return true;
      if (released(one, earlier)) return true;
    }
    return false;
  }

 private:
  struct Release {
    std::uint32_t first_epoch;  ///< of its block
    std::uint32_t before;       ///< all accesses in earlier epochs of the block
    std::uint32_t in;           ///< and, in this one, those of the threads in `who`
    std::bitset<kMaxThreads> who;
  };
  struct Acquired {
    const void* address;
    std::size_t count;  ///< of the releases at that address
    Access by;
  };
  bool released(const Acquired& acquired, const Access& earlier) const;
  bool make_release(const Access& self, Release& release) const;

  std::unordered_map<const void*, std::vector<Release>> releases_;
  std::vector<Acquired> acquired_;  // by this block
  std::array<std::uint32_t, kMaxThreads> fence_epoch_ = {};
  bool fenced_ = false;
  std::uint32_t first_epoch_ = 0;
};

}  // namespace attest::simt::check
