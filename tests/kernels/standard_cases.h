// A handful of fixed problems that any kernel's bounds must be sharp enough on. One-hot and random
// V, keys far apart and close together, one key and many.
#pragma once

#include <string>
#include <vector>

#include "problem/inputs.h"
#include "problem/problem.h"

namespace attest::tests {

struct StandardCase {
  std::string name;
  problem::Problem problem;
  problem::Inputs inputs;
};

/// Everything in `type`; 8-bit inputs have bf16 outputs. The first is the two keys of
/// kernels/numerics_floor.h.
std::vector<StandardCase> standard_cases(problem::DType type);

}  // namespace attest::tests
