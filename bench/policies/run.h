// One tester (a published check, or attest) against one kernel for a time budget.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bench/policies/policy.h"
#include "kernels/kernel_info.h"

namespace attest::bench {

struct RunOptions {
  double seconds = 1;  ///< of this process's CPU time plus time spent waiting for the kernel
  std::int64_t max_cases = 0;  ///< 0: as many as there is time for
  std::uint64_t seed = 1;
};

struct RunResult {
  bool covered = false;  ///< it has a case that the kernel serves
  bool reached = false;  ///< the planted line ran in some case
  bool killed = false;   ///< a case failed in which the planted line ran
  bool alarm = false;    ///< a case failed in which it did not: on a correct kernel, a false alarm
  std::int64_t cases = 0;
  double seconds = 0;
};

/// Ends at the first kill. Damage outside the outputs counts as noticed, which is more than the
/// published checks look for.
RunResult run_policy(const Policy& policy, const kernels::KernelInfo& info,
                     const RunOptions& options);

/// What `attest fuzz` does: properties take turns. A failure counts when it repeats on a fresh
/// kernel process.
RunResult run_attest(const kernels::KernelInfo& info, const RunOptions& options);

}  // namespace attest::bench
