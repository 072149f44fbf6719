// One call that appends and attends: the cache as it was before and is afterwards, and the outputs.
#pragma once

#include <optional>

#include "problem/rotary.h"
#include "properties/harness.h"

namespace attest::properties {

/// Caches are [slots, num_kv_heads, head_dim], in the order of Slots.
struct AppendAttendRun {
  Outputs out;
  problem::Elements k_before, v_before, k_after, v_after;
  std::optional<problem::Verdict> failure;
};

/// The scene is the state after the append: the last q_len tokens of each sequence are new. Their
/// keys and values come from its inputs, not turned; before the call junk lies where they go.
/// Layouts whose slots have all lanes of a head side by side: contiguous, padded, paged NHD.
AppendAttendRun append_attend(const Scene& scene, const problem::Rotary& rotary, Harness& harness);

/// Index of new token 0 of sequence b among all tokens of the inputs.
std::int64_t first_new_token(const problem::Problem& problem, std::int64_t b);

}  // namespace attest::properties
