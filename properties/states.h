// Attention states for the families that merge: made from the definition, so that a merge is judged
// on its own.
#pragma once

#include <optional>
#include <vector>

#include "properties/harness.h"

namespace attest::properties {

/// The states of the plan's parts by the definition, rounded to the kernel's types and in its LSE
/// base. `rows` query rows; index [part].
std::vector<State> states_of_parts(const Scene& scene, const problem::Plan& plan,
                                   const kernels::KernelInfo& info);

/// The identity: o = 0, lse = -inf.
State empty_state(const Scene& scene, const kernels::KernelInfo& info);

/// Judges one merge against the exact merge of the states it was given.
problem::Verdict judge_merge(const Scene& scene, const std::vector<State>& states,
                             const Outputs& got, Harness& harness);

}  // namespace attest::properties
