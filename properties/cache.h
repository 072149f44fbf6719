// Fills a cache tensor: token contents where the block table says, junk or poison everywhere else.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/kernel_info.h"
#include "properties/slots.h"

namespace attest::properties {

/// One cache tensor [slots, num_kv_heads, dim], packed, K or V. `uses`: classify_slots(), or
/// nullptr without poison.
void fill_cache(const Scene& scene, const kernels::KernelInfo& info, const Slots& slots,
                const std::vector<SlotInfo>* uses, bool is_k, std::byte* cache);

}  // namespace attest::properties
