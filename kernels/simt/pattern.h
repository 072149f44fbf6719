// How warps reach memory, counted in mode check: what a profiler would say of the same kernel on a
// GPU as far as addresses and lanes tell. Lanes that come to one place in the code for the n-th
// time count as one request, as if they had run in lockstep; that holds for a compiler that leaves
// the accesses as they are written. Seen are shared memory and what was announced (simt.h).
#pragma once

#include <cstdint>

namespace attest::simt {

struct AccessPattern {
  static constexpr int kSectorBytes = 32;

  std::uint64_t global_requests = 0;
  std::uint64_t global_sectors = 0;  ///< of 32 bytes, distinct within a request
  std::uint64_t global_bytes = 0;    ///< distinct ones within a request that a lane asked for
  std::uint64_t shared_requests = 0;
  std::uint64_t shared_passes = 0;  ///< over the 32 banks of 4 bytes
  std::uint64_t shared_least = 0;   ///< passes if no two words shared a bank
  std::uint64_t lanes = 0;          ///< that took part, over all requests
  std::uint64_t diverged = 0;       ///< requests that some lanes of the warp took no part in

  std::uint64_t requests() const { return global_requests + shared_requests; }
  /// Bytes that were asked for in each sector that was moved, of 32.
  double bytes_per_sector() const { return ratio(global_bytes, global_sectors); }
  /// 1: no bank conflicts.
  double conflicts() const { return ratio(shared_passes, shared_least); }
  double lanes_per_request() const { return ratio(lanes, requests()); }
  double share_diverged() const { return ratio(diverged, requests()); }

 private:
  static double ratio(std::uint64_t a, std::uint64_t b) {
    return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
  }
};

/// Starts counting, from nothing, or ends it. It takes several times as long as mode check does.
void count_accesses(bool on);
/// Since counting began.
const AccessPattern& access_pattern();

}  // namespace attest::simt
