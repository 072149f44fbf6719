// What the soundness tests share: kernels' outputs against their bounds, and how near they came.
#pragma once

#include <cstdint>
#include <string>

#include "oracle/expected.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated/simulated_kernel.h"

namespace attest::tests {

/// ATTEST_SOUNDNESS_FACTOR: how many times as long to look; 1 without it.
std::uint64_t soundness_factor();

/// How near outputs came to their bounds.
struct Tally {
  double worst_o = 0, worst_lse = 0;  ///< error / (bound + rounding of the output)
  std::int64_t elements = 0, vacuous = 0;
  std::int64_t undecided = 0;  ///< calls with an element too close to call even at 50 digits

  /// Judges outputs as properties do. Returns what exceeded its bound, or nothing. `expected`: rows
  /// too close to call are refined.
  std::string add(const RandomCase& the_case, const SimulatedOutputs& got,
                  const oracle::ExpectOptions& options, oracle::Expected& expected);
};

}  // namespace attest::tests
