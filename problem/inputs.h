// The logical tensors of a case as exact numbers, before they are placed in memory.
#pragma once

#include <vector>

#include "problem/case.h"
#include "problem/elements.h"

namespace attest::problem {

/// Shapes: q [total_q, num_q_heads, head_dim_qk]; k [total_kv, num_kv_heads, head_dim_qk];
///         v [total_kv, num_kv_heads, head_dim_v]; bias per sequence, concatenated,
///         [num_q_heads or 1, q_len, kv_len] (f32), empty without a bias.
/// Sequences follow each other in batch order in every tensor.
struct Inputs {
  Elements q, k, v, bias;
};

/// Contents by recipe and overrides; shared pages share their contents, and so do heads that are
/// one (Gaps::one_head).
Inputs make_inputs(const Problem& problem, const Values& values, const KvStorage& storage);

/// Index of the first element of a sequence's bias in Inputs::bias.
std::size_t bias_offset(const Problem& problem, std::int64_t sequence);

}  // namespace attest::problem
