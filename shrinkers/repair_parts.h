// The pieces of repair.h that follow the removal of rows and keys through masks and plans.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "problem/plan.h"
#include "problem/problem.h"

namespace attest::shrinkers {

/// How many of the indices below `index` lie in `removed`.
std::int64_t removed_before(problem::Range removed, std::int64_t index);

/// Where `index` is found once `removed` is gone; nothing when it is removed itself.
std::optional<std::int64_t> index_after(problem::Range removed, std::int64_t index);

/// Cuts the custom mask and the tree of sequence `b`, whose lengths are still the old ones. The
/// children of a removed tree node go to its nearest remaining ancestor.
void remove_from_mask(problem::Problem& problem, std::size_t b, problem::Range rows,
                      problem::Range keys);

/// Cuts the chunks and parts of sequence `b`. Chunks that become empty disappear; parts stay, since
/// an empty part is a case of its own.
void remove_from_plan(problem::Plan& plan, std::size_t b, problem::Range rows, problem::Range keys);

}  // namespace attest::shrinkers
