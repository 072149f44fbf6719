#include "shrinkers/merge_trees.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace attest::shrinkers {

MergeSteps left_fold(std::size_t parts) {
  MergeSteps steps;
  for (std::size_t part = 1; part < parts; ++part) {
    const std::size_t so_far = part == 1 ? 0 : parts + part - 2;
    steps.push_back({static_cast<std::int32_t>(so_far), static_cast<std::int32_t>(part)});
  }
  return steps;
}

std::int64_t steps_off_left_fold(const problem::Plan& plan) {
  const MergeSteps fold = left_fold(plan.parts.size());
  std::int64_t off = 0;
  for (std::size_t step = 0; step < plan.merges.size(); ++step) {
    off += step >= fold.size() || plan.merges[step] != fold[step] ? 1 : 0;
  }
  return off;
}

MergeSteps with_step_inlined(const MergeSteps& steps, std::size_t parts, std::size_t step) {
  const auto inlined = static_cast<std::int32_t>(parts + step);
  MergeSteps result;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (s == step) continue;
    std::vector<std::int32_t> operands;
    for (const std::int32_t state : steps[s]) {
      if (state == inlined) {
        operands.insert(operands.end(), steps[step].begin(), steps[step].end());
      } else {
        operands.push_back(state);
      }
    }
    for (std::int32_t& state : operands) state -= state > inlined ? 1 : 0;
    result.push_back(std::move(operands));
  }
  return result;
}

MergeSteps without_state(const MergeSteps& steps, std::size_t parts, std::size_t gone) {
  std::vector<std::optional<std::int32_t>> renumbered;
  for (std::size_t state = 0; state < parts; ++state) {
    const auto number = static_cast<std::int32_t>(state < gone ? state : state - 1);
    renumbered.push_back(state == gone ? std::nullopt : std::optional(number));
  }
  MergeSteps left;
  for (const std::vector<std::int32_t>& step : steps) {
    std::vector<std::int32_t> operands;
    for (const std::int32_t state : step) {
      const auto number = renumbered[static_cast<std::size_t>(state)];
      if (number) operands.push_back(*number);
    }
    if (operands.empty()) {
      renumbered.emplace_back();
    } else if (operands.size() == 1) {
      renumbered.emplace_back(operands.front());
    } else {
      renumbered.emplace_back(static_cast<std::int32_t>(parts - 1 + left.size()));
      left.push_back(std::move(operands));
    }
  }
  return left;
}

}  // namespace attest::shrinkers
