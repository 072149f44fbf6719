// Plan once, run many: calls served by the plan of another.
#pragma once

#include <vector>

#include "properties/harness.h"

namespace attest::properties {

/// Plans for `planned` and attends every scene in turn with that plan and its workspace, whose
/// contents go from one run to the next where the kernel zeroes it once. Ends with the first that
/// fails. The kernel has a plan.
std::vector<Run> attend_with_plan_of(const Scene& planned, const std::vector<Scene>& scenes,
                                     Harness& harness);

problem::Verdict check_plan_reused(const problem::Case& value, Harness& harness);
bool reuses_plans(const kernels::KernelInfo& info);

}  // namespace attest::properties
