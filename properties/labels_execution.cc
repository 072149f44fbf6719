// Labels of how a call is carried out, what it is poisoned with and what its numbers are.
#include <algorithm>

#include "properties/label_conditions.h"
#include "properties/labels.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::Distribution;
using problem::Poison;
using problem::PoisonKind;
using problem::PoisonPlace;

bool partial(const KernelInfo& info) {
  return info.can(ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_MERGE) &&
         info.conventions.state_format == ATTEST_STATE_O_LSE;
}

bool merges_many(const KernelInfo& info) {
  return partial(info) && info.has(ATTEST_FEATURE_MERGE_MANY);
}

/// Part 0 with part 1, the result with part 2, and so on: what a loop would do.
bool is_left_fold(const problem::Plan& plan) {
  const auto steps = problem::merge_steps(plan);
  auto state = static_cast<std::int32_t>(plan.parts.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto part = static_cast<std::int32_t>(i);
    const std::vector<std::int32_t> fold =
        i == 0 ? std::vector<std::int32_t>{0, 1} : std::vector<std::int32_t>{state++, part + 1};
    if (steps[i] != fold) return false;
  }
  return true;
}

bool attends(const KernelInfo& info) { return info.can(ATTEST_OP_ATTEND); }

bool splits(const KernelInfo& info) { return info.has(ATTEST_FEATURE_NUM_SPLITS); }

template <PoisonPlace kPlace>
bool poisoned(const Case& value) {
  return std::any_of(value.poisons.begin(), value.poisons.end(),
                     [](const Poison& poison) { return poison.place == kPlace; });
}

template <PoisonKind kKind>
bool poisoned_with(const Case& value) {
  return std::any_of(value.poisons.begin(), value.poisons.end(),
                     [](const Poison& poison) { return poison.kind == kKind; });
}

template <bool kK, bool kV>
bool poisoned_in(const Case& value) {
  return std::any_of(value.poisons.begin(), value.poisons.end(),
                     [](const Poison& poison) { return poison.in_k == kK && poison.in_v == kV; });
}

bool causal(const KernelInfo& info) {
  return attends(info) && info.has(ATTEST_FEATURE_CAUSAL) &&
         (kernels::contains(info.capabilities.q_len, 2) || info.has(ATTEST_FEATURE_START_POS));
}

bool windowed(const KernelInfo& info) {
  return attends(info) &&
         (info.has(ATTEST_FEATURE_WINDOW_LEFT) || info.has(ATTEST_FEATURE_WINDOW_RIGHT));
}

bool slots_may_hold_something(const KernelInfo& info) {
  return attends(info) && info.conventions.unused_slots != ATTEST_SLOTS_ZERO;
}

bool slots_may_hold_anything(const KernelInfo& info) {
  return attends(info) && info.conventions.unused_slots == ATTEST_SLOTS_ANYTHING;
}

template <Distribution kDistribution>
bool drawn_from(const Case& value) {
  return value.values.distribution == kDistribution;
}

constexpr Label kExecutionLabels[] = {
    {"num_splits", "chosen by the kernel", splits,
     [](const Case& value) { return value.plan.num_splits == 0; }},
    {"num_splits", "1", splits, [](const Case& value) { return value.plan.num_splits == 1; }},
    {"num_splits", "several", splits,
     [](const Case& value) {
       return value.plan.num_splits > 1 && value.plan.num_splits <= value.problem().max_kv_len();
     }},
    {"num_splits", "more than tokens", splits,
     [](const Case& value) {
       return value.plan.num_splits > std::max<std::int64_t>(value.problem().max_kv_len(), 1);
     }},
    {"parts", "an empty one", partial,
     [](const Case& value) {
       for (const auto& part : value.plan.parts) {
         for (const auto& range : part) {
           if (range.begin == range.end) return true;
         }
       }
       return false;
     }},
    {"parts", "more than tokens", partial,
     [](const Case& value) {
       return static_cast<std::int64_t>(value.plan.parts.size()) > value.problem().max_kv_len();
     }},
    {"merge", "of many at once", merges_many,
     [](const Case& value) {
       return std::any_of(value.plan.merges.begin(), value.plan.merges.end(),
                          [](const auto& step) { return step.size() > 2; });
     }},
    {"merge", "over a tree that is no left fold", partial,
     [](const Case& value) { return value.plan.parts.size() > 2 && !is_left_fold(value.plan); }},
    {"chunks", "an empty one", causal,
     [](const Case& value) {
       for (const auto& chunks : value.plan.chunks) {
         if (std::find(chunks.begin(), chunks.end(), 0) != chunks.end()) return true;
       }
       return false;
     }},

    {"poison", "future tokens", causal, poisoned<PoisonPlace::kFuture>},
    {"poison", "outside the window", windowed, poisoned<PoisonPlace::kOutsideWindow>},
    {"poison", "page tail", slots_may_hold_something, poisoned<PoisonPlace::kPageTail>},
    {"poison", "free pages",
     [](const KernelInfo& info) { return takes_pages(info) && slots_may_hold_something(info); },
     poisoned<PoisonPlace::kFreePages>},
    {"poison", "table tail", takes_pages, poisoned<PoisonPlace::kTableTail>},
    {"poison", "workspace",
     [](const KernelInfo& info) {
       return info.has_plan && attends(info) &&
              info.conventions.workspace_before == ATTEST_WORKSPACE_ANYTHING;
     },
     poisoned<PoisonPlace::kWorkspace>},
    {"poison", "output",
     [](const KernelInfo& info) {
       return attends(info) && info.conventions.output_before == ATTEST_OUTPUT_ANYTHING;
     },
     poisoned<PoisonPlace::kOutput>},
    {"poison kind", "NaN", slots_may_hold_anything, poisoned_with<PoisonKind::kNaN>},
    {"poison kind", "+inf", slots_may_hold_anything, poisoned_with<PoisonKind::kPlusInf>},
    {"poison kind", "-inf", slots_may_hold_anything, poisoned_with<PoisonKind::kMinusInf>},
    {"poison kind", "largest", slots_may_hold_something, poisoned_with<PoisonKind::kLargest>},
    {"poison kind", "dominating", slots_may_hold_something, poisoned_with<PoisonKind::kDominating>},
    {"poison in", "K", slots_may_hold_something, poisoned_in<true, false>},
    {"poison in", "V", slots_may_hold_something, poisoned_in<false, true>},
    {"poison in", "K and V", slots_may_hold_something, poisoned_in<true, true>},

    {"distribution", "lattice", any_kernel, drawn_from<Distribution::kLattice>},
    {"distribution", "normal", any_kernel, drawn_from<Distribution::kNormal>},
    {"distribution", "heavy tail", any_kernel, drawn_from<Distribution::kHeavyTail>},
    {"distribution", "needle", any_kernel, drawn_from<Distribution::kNeedle>},
    {"distribution", "peaked", any_kernel, drawn_from<Distribution::kPeaked>},
    {"distribution", "rising", any_kernel, drawn_from<Distribution::kRising>},
    {"distribution", "falling", any_kernel, drawn_from<Distribution::kFalling>},
    {"distribution", "uniform", any_kernel, drawn_from<Distribution::kUniform>},
    {"distribution", "near ties", any_kernel, drawn_from<Distribution::kNearTies>},
    {"distribution", "low scores", any_kernel, drawn_from<Distribution::kLowScores>},
    {"distribution", "very low scores", any_kernel, drawn_from<Distribution::kVeryLowScores>},
    {"distribution", "large scores", any_kernel, drawn_from<Distribution::kLargeScores>},
    {"distribution", "subnormal V", any_kernel, drawn_from<Distribution::kSubnormalV>},
    {"distribution", "cancelling V", any_kernel, drawn_from<Distribution::kCancellingV>},
    {"distribution", "constant V", any_kernel, drawn_from<Distribution::kConstantV>},
    {"distribution", "one-hot V", any_kernel, drawn_from<Distribution::kOneHotV>},
    {"distribution", "coherent", any_kernel, drawn_from<Distribution::kCoherent>},
};

}  // namespace

std::span<const Label> execution_labels() { return kExecutionLabels; }

}  // namespace attest::properties
