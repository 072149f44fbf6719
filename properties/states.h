// Attention states for the families that merge: made from the definition, so that a merge is judged
// on its own.
#pragma once

#include <optional>
#include <vector>

#include "properties/harness.h"

namespace attest::properties {

/// What a kernel that declares a format with sums hands around: `lse` holds all maxima, then all
/// sums. Shapes: lse [2, rows, num_q_heads].
inline bool states_hold_sums(const kernels::KernelInfo& info) {
  return info.conventions.state_format != ATTEST_STATE_O_LSE;
}
/// Both halves in one, and one of them (0: maxima, 1: sums).
problem::Elements join(const problem::Elements& maxima, const problem::Elements& sums);
problem::Elements half(const problem::Elements& joined, int which);

/// A state in the kernel's format as the (o, lse) it stands for, lse in the kernel's base:
///   (m, l, acc)  o = acc / l, lse = m + log l      (m, l, o)  lse = m + log l
/// rounded once, as a kernel would that normalised it. An element that was not written stays so,
/// and l = 0 is the empty state.
State as_o_lse(const State& state, const kernels::KernelInfo& info);

/// The states of the plan's parts by the definition, rounded to the kernel's types, in its
/// format and its LSE base. `rows` query rows; index [part].
std::vector<State> states_of_parts(const Scene& scene, const problem::Plan& plan,
                                   const kernels::KernelInfo& info);

/// The identity: o = 0, lse = -inf; in the other formats acc or o = 0, m = -inf, l = 0.
State empty_state(const Scene& scene, const kernels::KernelInfo& info);

/// Judges one merge against the exact merge of the states it was given.
problem::Verdict judge_merge(const Scene& scene, const std::vector<State>& states,
                             const Outputs& got, Harness& harness);

}  // namespace attest::properties
