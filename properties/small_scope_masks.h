// The masks of the small scope: windows and chunks as settings, trees and custom masks by number.
// Internal to small_scope.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/kernel_info.h"
#include "problem/mask.h"

namespace attest::properties {

/// Causal or not, with every window up to 3 on either side or an attention chunk up to 3, as far
/// as the kernel declares them.
std::vector<problem::Mask> scope_masks(const kernels::KernelInfo& info);
/// The one of them that hides least.
problem::Mask plain_mask(const kernels::KernelInfo& info);

/// Trees over the last 1 to min(q_len, kv_len) tokens, at most 4; 1 (no tree) when there is none.
std::uint32_t count_trees(std::int64_t q_len, std::int64_t kv_len);
problem::Tree tree_at(std::int64_t q_len, std::int64_t kv_len, std::uint32_t number);

/// Custom masks: every pattern of up to 6 bits; of larger masks none.
std::uint32_t count_customs(std::int64_t q_len, std::int64_t kv_len);
std::vector<std::uint8_t> custom_at(std::int64_t q_len, std::int64_t kv_len, std::uint32_t number);

}  // namespace attest::properties
