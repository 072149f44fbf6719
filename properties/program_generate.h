// Random programs: RapidCheck's state testing draws command sequences that are valid for a model of
// the sequences, and they become the calls of a case. docs/generators.md, "Programs".
#pragma once

#include <optional>

#include <rapidcheck/Gen.h>

#include "kernels/kernel_info.h"
#include "problem/case.h"

namespace attest::properties {

/// What a property wants of its programs; weights beside those of the ordinary steps.
struct ProgramTaste {
  int forks = 1;
  int rollbacks = 1;
  int frees = 1;
  std::optional<problem::Op> must = {};  ///< an operation that nearly every program is to have
  bool window = false;                   ///< a window to the left
  bool evict = false;                    ///< pages behind every later window are given back
};

/// Cases that are programs the kernel can run, in a pool just large enough or a little larger.
rc::Gen<problem::Case> programs(const kernels::KernelInfo& info, const ProgramTaste& taste);

}  // namespace attest::properties
