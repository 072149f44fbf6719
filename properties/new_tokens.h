// New tokens of an append, made from what a cache of another type and with scales is to hold.
#pragma once

#include "problem/elements.h"
#include "problem/problem.h"

namespace attest::properties {

/// Elements [tokens, heads, dim] of a cache as new ones of type `type`: times their head's scale.
/// `scales`: none, 1 or one per head.
problem::Elements as_new(const problem::Elements& stored, problem::DType type,
                         const problem::Scales& scales, std::int64_t dim);

/// What the cache holds of element i after the append: encode(x / scale).
std::uint64_t stored_bits(const problem::Elements& added, std::size_t i, problem::DType type,
                          const problem::Scales& scales, std::int64_t dim);

/// Whether storing `added` gives `stored` back, so that an append changes nothing.
bool comes_back(const problem::Elements& stored, const problem::Elements& added,
                const problem::Scales& scales, std::int64_t dim);

}  // namespace attest::properties
