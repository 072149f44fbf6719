// Smaller versions of a case that stay consistent: whatever hangs on a length, a head or a lane
// (tables, masks, trees, plan, scales, overrides) is cut along with it.
// All are pure; given a valid case they give a valid one unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/case.h"

namespace attest::shrinkers {

/// The case with only the sequences `kept`, ascending indices of its batch.
/// Contents drawn from the recipe change with a sequence's new number; overrides move along.
problem::Case keep_sequences(const problem::Case& base, const std::vector<std::int64_t>& kept);

/// The case without the query rows `rows` and the keys `keys` of one sequence. An explicit
/// start_pos follows, so that the first remaining row keeps its place among the remaining keys.
problem::Case remove_tokens(const problem::Case& base, std::int64_t sequence, problem::Range rows,
                            problem::Range keys);

/// The case with only the query heads `kept_q` and the KV heads `kept_kv`, ascending. Their
/// overrides, slopes, sinks and scales move along. Expects: kept_q.size() a multiple of
/// kept_kv.size(), and neither empty.
problem::Case keep_heads(const problem::Case& base, const std::vector<std::int64_t>& kept_q,
                         const std::vector<std::int64_t>& kept_kv);

/// The case with its first heads only. Expects: num_kv_heads divides num_q_heads.
problem::Case with_heads(const problem::Case& base, std::int64_t num_q_heads,
                         std::int64_t num_kv_heads);

/// The case with its first lanes only, or with more. With v_is_k_prefix head_dim_v is cut to
/// head_dim_qk.
problem::Case with_head_dims(const problem::Case& base, std::int64_t head_dim_qk,
                             std::int64_t head_dim_v);

/// The case without lane `lane` of q and k, of v, or of both, where they have it and another.
/// Overrides of higher lanes move down.
problem::Case without_lane(const problem::Case& base, std::int64_t lane, bool in_qk, bool in_v);

/// The same tokens contiguous in memory: no pages, no table, no gaps.
problem::Case with_contiguous_storage(const problem::Case& base);

/// The plan without part `part`: its keys go to the neighbouring part of each sequence, its state
/// leaves the merge steps. Fewer than two parts left: no parts.
problem::Plan without_part(const problem::Plan& plan, std::size_t part);

/// The elements of a tensor that overrides may name: problem::extent_of, and nothing where V is a
/// prefix of K and has no contents of its own.
problem::Extent writable_extent(const problem::Problem& problem, problem::Tensor tensor,
                                std::int64_t sequence);

/// Drops the overrides that lie outside their tensor.
void drop_stray_overrides(problem::Case& value);

}  // namespace attest::shrinkers
