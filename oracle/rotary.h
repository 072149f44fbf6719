// What rotary embedding makes of the lanes of one head, with the error a kernel may make of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "oracle/expected.h"
#include "problem/numerics.h"
#include "problem/rotary.h"

namespace attest::oracle {

struct TurnedLane {
  Reference reference;  ///< its bound holds before rounding to the type it is stored in
  /// No arithmetic can round here: both products and their sum are numbers of the stored type.
  bool exact = true;
};

/// Lanes `x` of one head turned for `position`, to be stored in `stored`. The tables reach so far.
/// Error: pair (x, y) becomes (x c - y s, x s + y c); a kernel rounds two products and one sum, in
/// any order or fused: gamma(2) (|x c| + |y s|) (docs/numerics.md, section 10).
std::vector<TurnedLane> turn(const problem::Rotary& rotary, std::int64_t position,
                             std::span<const double> x, const problem::Numerics& numerics,
                             problem::DType stored);

}  // namespace attest::oracle
