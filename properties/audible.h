// Shared by the families that poison: runs a scene clean and poisoned and compares the judged rows.
#pragma once

#include "properties/harness.h"

namespace attest::properties {

/// Whether the kernel's conventions allow this poison at all.
bool allowed(const kernels::KernelInfo& info, const problem::Poison& poison);

/// The judged rows are the same with and without each poison: bit for bit where the kernel promises
/// run-to-run determinism, else within the bound. A poison the conventions do not allow is left
/// out; without any: skipped.
problem::Verdict check_inaudible(const Scene& clean, const std::vector<problem::Poison>& poisons,
                                 Harness& harness);

}  // namespace attest::properties
