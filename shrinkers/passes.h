// The shrinkers themselves, one idea per file: pure functions from a valid case to cases that may
// be smaller, big steps first. They may propose too much: shrinkers.h keeps what is valid and
// smaller.
#pragma once

#include <vector>

#include "problem/case.h"

namespace attest::shrinkers {

using Proposals = std::vector<problem::Case>;

Proposals fewer_sequences(const problem::Case& base);  ///< one alone, without halves, without each
Proposals fewer_features(const problem::Case& base);   ///< all off, groups off, each off
Proposals simpler_parameters(const problem::Case& base);  ///< windows, scales, slopes, sinks, masks
Proposals fewer_tokens(const problem::Case& base);        ///< rows and keys, together and apart
Proposals fewer_heads(const problem::Case& base);
Proposals smaller_head_dims(const problem::Case& base);
Proposals simpler_storage(const problem::Case& base);  ///< pages, pool, block table, gaps
Proposals packed_strides(const problem::Case& base);   ///< gaps and heads that are one
Proposals simpler_plan(const problem::Case& base);     ///< chunks, parts, merges, splits
Proposals fewer_poisons(const problem::Case& base);
Proposals simpler_values(const problem::Case& base);  ///< recipe, then written-out small numbers

}  // namespace attest::shrinkers
