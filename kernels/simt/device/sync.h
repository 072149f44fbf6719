// Barriers, fences and sleeping.
#pragma once

#include "kernels/simt/device.h"

inline void __syncthreads(attest::simt::Site site = attest::simt::Site()) {
  attest::simt::block_barrier(site);
}
inline int __syncthreads_count(int predicate, attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::block_barrier_reduce(attest::simt::Reduce::kCount, predicate != 0, site);
}
inline int __syncthreads_and(int predicate, attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::block_barrier_reduce(attest::simt::Reduce::kAnd, predicate != 0, site);
}
inline int __syncthreads_or(int predicate, attest::simt::Site site = attest::simt::Site()) {
  return attest::simt::block_barrier_reduce(attest::simt::Reduce::kOr, predicate != 0, site);
}

namespace attest::simt {
inline constexpr Collective kSyncWarp = {"__syncwarp", nullptr, true};
}

inline void __syncwarp(unsigned mask = 0xffffffffu,
                       attest::simt::Site site = attest::simt::Site()) {
  attest::simt::collective(attest::simt::kSyncWarp, mask, nullptr, 0, site);
}

inline void __threadfence() { attest::simt::fence(false); }
inline void __threadfence_system() { attest::simt::fence(false); }
inline void __threadfence_block() { attest::simt::fence(true); }

inline void __nanosleep(unsigned) { attest::simt::yield(); }
inline long long clock64() { return static_cast<long long>(attest::simt::device_clock()); }
inline unsigned __activemask() {
  return 1u << attest::simt::lane_id();
}  // the weakest legal answer
[[noreturn]] inline void __trap(attest::simt::Site site = attest::simt::Site()) {
  attest::simt::device_error(attest::simt::Kind::kBadArgument, "__trap()", site);
}
