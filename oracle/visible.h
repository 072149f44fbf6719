// Which keys a query row may see: the meaning of problem::Mask (docs/semantics.md).
#pragma once

#include <cstdint>
#include <utility>

#include "problem/problem.h"

namespace attest::oracle {

/// Position of query row `row` / of key `key` of sequence `b`, as windows and ALiBi measure it: the
/// token index, or inside a tree the start of the tree plus the token's depth.
std::int64_t query_position(const problem::Problem& problem, std::int64_t b, std::int64_t row);
std::int64_t key_position(const problem::Problem& problem, std::int64_t b, std::int64_t key);

/// True when row `row` of sequence `b` may see key `key`. Does not look at the additive bias.
bool visible(const problem::Problem& problem, std::int64_t b, std::int64_t row, std::int64_t key);

/// Keys [first, last) outside of which nothing is visible to this row; inside, visible() decides.
std::pair<std::int64_t, std::int64_t> visible_range(const problem::Problem& problem, std::int64_t b,
                                                    std::int64_t row);

/// True when every key inside visible_range is visible, for all rows of sequence `b`.
bool range_is_solid(const problem::Problem& problem, std::int64_t b);

}  // namespace attest::oracle
