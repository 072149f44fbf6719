// Plan once, run many: calls served by the plan of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/case.h"
#include "properties/harness.h"

namespace attest::properties {

/// Plans for `planned` and attends every scene in turn with that plan and its workspace, whose
/// contents go from one run to the next where the kernel zeroes it once. Ends with the first that
/// fails. The kernel has a plan.
std::vector<Run> attend_with_plan_of(const Scene& planned, const std::vector<Scene>& scenes,
                                     Harness& harness);

/// The case with longer sequences, in pages of its own. Contents stay what they are.
problem::Case longer(const problem::Case& value);
/// Whether masks or biases are as long as the keys, so that lengths cannot change alone.
bool fixes_lengths(const problem::Problem& problem);
/// Asks plan() for a workspace, if the kernel has one, and gives it to the call, filled by
/// fill_workspace().
kernels::RunResult place_workspace(Harness& harness, const Scene& scene, kernels::Launch& launch,
                                   attest_attend& call);
/// A workspace before the first run: clean where the kernel asks for it, else junk.
void fill_workspace(const kernels::KernelInfo& info, std::uint64_t seed, std::byte* workspace,
                    std::size_t bytes);

problem::Verdict check_plan_reused(const problem::Case& value, Harness& harness);
bool reuses_plans(const kernels::KernelInfo& info);

}  // namespace attest::properties
