#include "problem/numerics.h"

namespace attest::problem {

Numerics generic_numerics(DType type) { return {.accumulate = type, .p_dtype = type}; }

}  // namespace attest::problem
