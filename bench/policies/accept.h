// A published tolerance applied to outputs.
#pragma once

#include "bench/policies/inputs.h"
#include "properties/harness.h"

namespace attest::bench {

/// Whether the published check would pass with these outputs. They are rounded to the published
/// type first. `lse_unit`: nats per unit of got.lse.
bool accepts(const Policy& policy, const PolicyCase& drawn, const properties::Outputs& got,
             double lse_unit);

}  // namespace attest::bench
