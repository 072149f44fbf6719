// Draws a case as a published check would, cut to what a kernel declares and a CPU can do.
//
// Cut: at most 2 sequences, 2 KV heads and 2 query heads for each, then lengths halved until the
// call has at most kMaxProducts multiply-adds. A kernel whose types are wider than the published
// ones gets the same numbers; where none of its layouts is among the published ones it gets the
// case in its own. A feature it does not declare is off, as far as the check has cases without it.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/policies/policy.h"
#include "kernels/kernel_info.h"
#include "properties/scene.h"

namespace attest::bench {

inline constexpr std::int64_t kMaxProducts = std::int64_t{1} << 21;

struct PolicyCase {
  properties::Scene scene;
  const TypeRule* rule = nullptr;
};

/// Case k: a pure function of its arguments. Nothing when the kernel serves no case of the check
/// (of 300 that are tried).
std::optional<PolicyCase> draw_policy_case(const Policy& policy, const kernels::KernelInfo& info,
                                           std::uint64_t seed, std::uint64_t k);

}  // namespace attest::bench
