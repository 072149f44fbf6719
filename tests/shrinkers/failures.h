// Failures that are stated, not found: predicates over cases to shrink against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "problem/case.h"
#include "shrinkers/minimise.h"

namespace attest::tests {

using Predicate = std::function<bool(const problem::Case&)>;

/// Cases that satisfy `fails` fail alike, all others pass.
std::function<shrinkers::Judgement(const problem::Case&)> judge_by(const Predicate& fails);

bool always(const problem::Case& value);  ///< every case
bool window_shorter_than_cache(
    const problem::Case& value);  ///< a left window that hides a key of the cache
bool sequences_share_a_page(const problem::Case& value);  ///< two sequences name one page
bool two_empty_parts(const problem::Case& value);    ///< two parts hold no key of some sequence
bool query_sees_itself(const problem::Case& value);  ///< some sequence has a query and a key
bool more_than_a_tile(const problem::Case& value);   ///< a query over more than 32 keys
bool page_tail_is_poisoned(
    const problem::Case& value);  ///< a last page that is not full, V poisoned behind its end
bool grouped_with_wide_heads(const problem::Case& value);  ///< grouped heads of more than 16 lanes
bool pages_out_of_order(const problem::Case& value);  ///< a block table that is not the identity
bool second_head_of_second_sequence(
    const problem::Case& value);                       ///< a second KV head in a second sequence
bool merge_tree_of_three(const problem::Case& value);  ///< more than one merge step
bool some_large_value(const problem::Case& value);     ///< an element of V beyond 2.5

/// Parts of a plan that hold no key of sequence `b`.
std::int64_t empty_parts(const problem::Case& value, std::size_t b);

}  // namespace attest::tests
