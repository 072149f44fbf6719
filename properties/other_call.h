// Another call that a kernel object may have served before: what a property runs between two equal
// calls to see whether anything of it stays behind.
#pragma once

#include "kernels/kernel_info.h"
#include "problem/case.h"

namespace attest::properties {

/// The case with longer sequences and, as far as the kernel declares them, with masks and modifiers
/// that it does not have, or without some that it has. Always within the declaration; the case
/// itself where nothing can be changed. A pure function of its arguments.
problem::Case other_call(const problem::Case& value, const kernels::KernelInfo& info);

}  // namespace attest::properties
