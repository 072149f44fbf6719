// Inputs as doubles. Internal to oracle/.
#pragma once

#include <vector>

#include "problem/elements.h"
#include "problem/inputs.h"
#include "problem/problem.h"

namespace attest::oracle {

/// All elements as double, which is exact for every type.
std::vector<double> decode_all(const problem::Elements& elements);

/// [vector, lane]; stored values, scales apart.
struct DecodedInputs {
  std::vector<double> q, k, v;  ///< v is empty with v_is_k_prefix
};
DecodedInputs decode_inputs(const problem::Problem& problem, const problem::Inputs& inputs);

}  // namespace attest::oracle
