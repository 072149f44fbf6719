// How much a check of a case can tell: the sensitivity of the case (oracle/sensitivity.h) as
// reports show it.
#pragma once

#include <optional>
#include <string>

#include "kernels/kernel_info.h"
#include "problem/case.h"

namespace attest::campaign {

/// The smallest relative error of one key's weight that would take an output element out of the
/// kernel's bound; infinite when no error would. Unset where the outputs are not what the property
/// judges, or the kernel has none.
std::optional<double> sharpness(const problem::Case& value, const kernels::KernelInfo& kernel);

/// "a weight error of 3.1e-05".
std::string sharpness_text(double sharpness);

}  // namespace attest::campaign
