// What the exit code of a run says, from its record.
#pragma once

#include <string>
#include <vector>

#include "campaign/run/record.h"

namespace attest::campaign {

/// 70 when it broke; 1 for a failure, drawn or stored, that no waiver covers; 2 when it did not
/// come to its end or a kernel has no judged check; 4 without anything that could be judged; else
/// 0. Suspicions and notes on waivers do not count.
int exit_code_of(const RunRecord& record);

/// Kernels of which nothing was judged, in their order: that is no pass.
std::vector<std::string> unjudged_kernels(const RunRecord& record);

}  // namespace attest::campaign
