#include "oracle/decode.h"

#include "problem/rows.h"

namespace attest::oracle {

std::vector<double> decode_all(const problem::Elements& elements) {
  std::vector<double> values(elements.size());
  problem::decode_row(elements.type(), elements.data(), values);
  return values;
}

DecodedInputs decode_inputs(const problem::Problem& problem, const problem::Inputs& inputs) {
  DecodedInputs decoded{.q = decode_all(inputs.q), .k = decode_all(inputs.k), .v = {}};
  if (!problem.v_is_k_prefix) decoded.v = decode_all(inputs.v);
  return decoded;
}

}  // namespace attest::oracle
