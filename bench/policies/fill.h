// The numbers of a published check's case: tokens, and what lies in slots without one.
#pragma once

#include "bench/policies/policy.h"
#include "bench/policies/random.h"
#include "properties/scene.h"

namespace attest::bench {

/// Fills inputs, and for paged layouts the memory, of a scene with problem and storage. Numbers
/// are rounded to the published types whatever the kernel's are.
void fill_scene(const Policy& policy, const TypeRule& rule, Random& random,
                properties::Scene& scene);

}  // namespace attest::bench
