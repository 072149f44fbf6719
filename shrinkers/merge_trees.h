// Merge steps as data: the plain tree, and trees with one step less.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/plan.h"

namespace attest::shrinkers {

using MergeSteps = std::vector<std::vector<std::int32_t>>;

/// ((part 0, part 1), part 2), ...
MergeSteps left_fold(std::size_t parts);

/// Steps that differ from those of the left fold; 0 when the plan names no steps.
std::int64_t steps_off_left_fold(const problem::Plan& plan);

/// The steps with step `step` merged into the one that uses its result.
/// Expects: step + 1 < steps.size().
MergeSteps with_step_inlined(const MergeSteps& steps, std::size_t parts, std::size_t step);

/// The steps once state `gone`, a part, exists no more: a step left with one operand is that
/// operand.
MergeSteps without_state(const MergeSteps& steps, std::size_t parts, std::size_t gone);

}  // namespace attest::shrinkers
