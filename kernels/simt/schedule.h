// The decisions of a schedule: a function of policy, seed, launch and block alone. Changing any of
// it changes kScheduleVersion.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/simt/limits.h"
#include "kernels/simt/simt.h"

namespace attest::simt {

/// Numbered random words: SplitMix64 in counter mode.
class Draws {
 public:
  Draws() = default;
  Draws(std::uint64_t key, std::uint64_t stream);
  std::uint64_t next();
  /// In [0, bound), bound > 0.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }

 private:
  std::uint64_t state_ = 0;
};

class Schedule {
 public:
  void begin_call(const Options& options);
  void begin_launch(std::uint64_t blocks);
  /// The block that runs as number `position`.
  std::uint64_t block_at(std::uint64_t position) const;
  /// Draws for a block of `threads`, and the order it prefers them in.
  void begin_block(std::uint64_t block, int threads);

  int thread_of(std::uint32_t rank) const { return thread_of_[rank]; }
  std::uint32_t rank_of(int thread) const { return rank_of_[static_cast<std::size_t>(thread)]; }
  /// The rank from which to look for the next thread.
  std::uint32_t next_start() {
    if (policy_ == Policy::kRandom && decide()) return draws_.below(threads_);
    if (policy_ == Policy::kWarpShuffle && decide()) return draws_.below(warps_) * kWarpSize;
    return 0;
  }
  std::uint64_t decided() const { return decided_; }
  /// A number that belongs to the launch: the same for all its threads.
  std::uint64_t launch_key() const { return launch_key_; }

 private:
  /// Whether one more random decision may be made.
  bool decide() {
    if (decided_ >= horizon_) return false;
    ++decided_;
    return true;
  }

  Policy policy_ = Policy::kInOrder;
  std::uint64_t seed_ = 0;
  std::uint64_t horizon_ = 0;
  std::uint64_t decided_ = 0;
  std::uint64_t launches_ = 0;
  std::uint64_t launch_key_ = 0;
  std::uint64_t blocks_ = 0;
  std::vector<std::uint32_t> block_order_;  // empty: in order
  Draws draws_;
  std::uint32_t threads_ = 0;
  std::uint32_t warps_ = 0;
  std::array<std::uint16_t, kMaxThreads> thread_of_ = {};
  std::array<std::uint16_t, kMaxThreads> rank_of_ = {};
};

}  // namespace attest::simt
