// Results of two calls of one kernel whose exact answers are near each other, or the same without
// the same bounds.
#pragma once

#include "properties/harness.h"

namespace attest::properties {

/// Within the sum of both bounds and the distance of the exact answers, every row. The scenes have
/// the same sequences and heads.
problem::Verdict near(const Scene& scene_a, const Outputs& a, const Scene& scene_b,
                      const Outputs& b, Harness& harness);

}  // namespace attest::properties
