// Two answers of calls whose exact values differ: whether results of a kernel are as near to each
// other as they must be, and whether a kernel could give one for the other at all.
#pragma once

#include <span>

#include "oracle/compare.h"
#include "oracle/expected.h"
#include "problem/elements.h"

namespace attest::oracle {

/// compare_pair() for exact values that need not be equal: how far a is off its own differs from
/// how far b is by at most both bounds. `expected` is b's element moved to where a should be.
Deviation compare_near(const problem::Elements& a, std::span<const Reference> bounds_a,
                       const problem::Elements& b, std::span<const Reference> bounds_b,
                       double scale = 1.0);

/// Whether some element is so far apart that what is right for one is wrong for the other.
bool tell_apart(std::span<const Reference> a, std::span<const Reference> b);

}  // namespace attest::oracle
