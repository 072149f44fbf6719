// Fills a cache tensor: token contents where the block table says, junk or poison everywhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernel_info.h"
#include "properties/slots.h"

namespace attest::properties {

/// K or V of the scene, from `base` on. `uses`: classify_slots(), or nullptr without poison. What
/// poisons V poisons K where V is a part of it.
void fill_cache(const Scene& scene, const kernels::KernelInfo& info, const Slots& slots,
                const std::vector<SlotInfo>* uses, bool is_k, std::byte* base);

/// Junk of the type over `count` elements from element `first` on of a buffer: what lies in gaps.
void fill_gaps(problem::DType type, std::byte* buffer, std::int64_t first, std::int64_t count,
               std::uint64_t seed);
/// The same for an input of the scene: every second junk seed leaves NaN instead, where the kernel
/// does not ask for finite contents beside its tokens.
void fill_input_gaps(const Scene& scene, const kernels::KernelInfo& info, problem::DType type,
                     std::byte* buffer, std::int64_t first, std::int64_t count, std::uint64_t salt);

}  // namespace attest::properties
