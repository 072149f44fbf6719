#include "oracle/decode.h"

#include <cstring>

namespace attest::oracle {
namespace {

template <typename Float>
std::vector<double> widen(const problem::Elements& elements) {
  std::vector<Float> stored(elements.size());
  if (!stored.empty()) std::memcpy(stored.data(), elements.data(), elements.bytes());
  return {stored.begin(), stored.end()};
}

}  // namespace

std::vector<double> decode_all(const problem::Elements& elements) {
  if (elements.type() == problem::DType::kF64) return widen<double>(elements);
  if (elements.type() == problem::DType::kF32) return widen<float>(elements);
  std::vector<double> values(elements.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = elements.value(i);
  return values;
}

DecodedInputs decode_inputs(const problem::Problem& problem, const problem::Inputs& inputs) {
  DecodedInputs decoded{.q = decode_all(inputs.q), .k = decode_all(inputs.k), .v = {}};
  if (!problem.v_is_k_prefix) decoded.v = decode_all(inputs.v);
  return decoded;
}

}  // namespace attest::oracle
