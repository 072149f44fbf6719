#include "shrinkers/order.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <vector>

#include "problem/inputs.h"
#include "problem/program.h"
#include "shrinkers/features.h"
#include "shrinkers/merge_trees.h"
#include "shrinkers/reals.h"
#include "shrinkers/sharing.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Distribution;
using problem::KvStorage;
using problem::Plan;
using problem::Poison;
using problem::PoisonKind;
using problem::PoisonPlace;
using problem::Problem;
using problem::Sequence;

namespace {

std::int64_t as_count(std::uint64_t value) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(value, kLargest));
}

std::int64_t count_in_use(std::span<const Feature> features, const Case& value) {
  return std::count_if(features.begin(), features.end(),
                       [&](const Feature& feature) { return feature.in_use(value); });
}

// One entry always costs something, so that a scale per tensor is simpler than one per head.
std::int64_t cost_of_scales(const problem::Scales& scales) {
  std::int64_t cost = 0;
  for (const double scale : scales) cost += 1 + cost_of_factor(scale);
  return cost;
}

std::int64_t parameters(const Problem& problem) {
  std::int64_t cost = cost_of_factor(problem.scale);
  cost += cost_of(problem.softcap);
  for (const double slope : problem.alibi_slopes) cost += cost_of_factor(slope);
  for (const double sink : problem.sinks) cost += cost_of(sink);
  cost += cost_of_scales(problem.q_scale) + cost_of_scales(problem.k_scale);
  cost += cost_of_scales(problem.v_scale) + cost_of_factor(problem.o_scale.value_or(1.0));
  cost += problem.mask.window_left.value_or(0) + problem.mask.window_right.value_or(0);
  cost += problem.mask.attention_chunk.value_or(0);
  return cost;
}

std::int64_t positions(const Problem& problem) {
  std::int64_t cost = 0;
  for (const Sequence& sequence : problem.sequences) {
    // One per explicit position, so that an unset one is simpler than 0.
    if (sequence.start_pos) {
      cost += 1 + 2 * std::abs(*sequence.start_pos) + (*sequence.start_pos < 0 ? 1 : 0);
    }
  }
  return cost;
}

std::int64_t mask_data(const problem::Mask& mask) {
  std::int64_t cost = 0;
  for (const problem::Tree& tree : mask.tree) {
    for (std::size_t node = 0; node < tree.parent.size(); ++node) {
      const std::int64_t on_chain = static_cast<std::int64_t>(node) - 1;
      cost += tree.parent[node] == on_chain ? 1 : 2;
    }
  }
  for (const std::vector<std::uint8_t>& bits : mask.custom) {
    cost += std::count(bits.begin(), bits.end(), std::uint8_t{0});
  }
  return cost;
}

void measure_storage(const Case& value, Complexity& result) {
  const KvStorage& storage = value.storage;
  result[Axis::kSharedEntries] = shared_entries(storage);
  result[Axis::kPoolSlots] = storage.num_pages * storage.page_size + storage.gap_tokens;
  result[Axis::kTableEntries] = table_entries(storage);
  result[Axis::kPageSize] = storage.page_size;
  result[Axis::kMisplacedPages] = misplaced_pages(storage);
  result[Axis::kExtraTableColumns] = storage.extra_table_columns;
  result[Axis::kLayout] = static_cast<std::int64_t>(storage.layout);
  const problem::Strides& strides = storage.strides;
  for (const problem::Gaps* gaps : {&strides.q, &strides.k, &strides.v, &strides.o, &strides.lse}) {
    result[Axis::kStrides] += gaps->outer + gaps->token + gaps->head + gaps->lane +
                              (gaps->one_head ? 1 : 0) + (gaps->packed() ? 0 : 1);
  }
}

void measure_plan(const Plan& plan, Complexity& result) {
  for (const std::vector<std::int64_t>& chunks : plan.chunks) {
    result[Axis::kChunks] += static_cast<std::int64_t>(chunks.size());
  }
  result[Axis::kParts] = static_cast<std::int64_t>(plan.parts.size());
  result[Axis::kMergeSteps] = static_cast<std::int64_t>(plan.merges.size());
  result[Axis::kMergeDisorder] = steps_off_left_fold(plan);
  for (std::size_t part = 0; part < plan.parts.size(); ++part) {
    for (std::size_t b = 0; b < plan.parts[part].size(); ++b) {
      result[Axis::kCuts] += plan.parts[part][b].begin;
      const bool descends = part > 0 && plan.parts[part][b].begin < plan.parts[part - 1][b].begin;
      result[Axis::kPartDisorder] += descends ? 1 : 0;
    }
  }
  result[Axis::kNumSplits] = plan.num_splits;
  result[Axis::kScheduleSeed] = as_count(plan.schedule_seed);
}

void measure_poisons(const std::vector<Poison>& poisons, Complexity& result) {
  result[Axis::kPoisons] = static_cast<std::int64_t>(poisons.size());
  for (const Poison& poison : poisons) {
    const bool both = fills_k_and_v(poison.place) && poison.in_k && poison.in_v;
    result[Axis::kPoisonDetail] += 2 * rank_of(poison.kind) + (both ? 1 : 0);
  }
}

// What each element costs, taken over the contents: a number that the recipe happens to draw
// costs the same as one that is written down.
std::int64_t cost_of_elements(const problem::Elements& elements) {
  std::int64_t cost = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) cost += cost_of(elements.value(i));
  return cost;
}

void measure_values(const Case& value, Complexity& result) {
  const Problem& problem = value.problem();
  const problem::Values& values = value.values;
  const auto written = static_cast<std::int64_t>(values.overrides.size());
  const std::int64_t elements = count_elements(problem);
  if (elements <= kMaxWrittenElements) {
    result[Axis::kDrawnElements] = std::max<std::int64_t>(elements - written, 0);
    const problem::Inputs inputs = problem::make_inputs(problem, values, value.storage);
    // With v_is_k_prefix, V repeats K.
    result[Axis::kElementCost] = cost_of_elements(inputs.q) + cost_of_elements(inputs.k) +
                                 (problem.v_is_k_prefix ? 0 : cost_of_elements(inputs.v)) +
                                 cost_of_elements(inputs.bias);
  }
  result[Axis::kDistribution] = rank_of(values.distribution);
  result[Axis::kSeed] = as_count(values.seed);
  result[Axis::kNeedle] = values.needle;
  result[Axis::kOverrides] = written;
}

/// That of its tape, but for what a tape does not say.
Complexity complexity_of_program(const Case& value) {
  Complexity result = complexity(problem::tape_case(value));
  result[Axis::kOperations] = 0;
  for (const problem::Call& call : value.program.calls) {
    result[Axis::kOperations] += 1 + call.problem.batch();
    if (call.op == problem::Op::kRollback) result[Axis::kTokens] += call.problem.total_q();
  }
  measure_storage(value, result);
  return result;
}

}  // namespace

std::int64_t count_elements(const Problem& problem) {
  std::int64_t pairs = 0;
  if (problem.bias != problem::Bias::kNone) {
    for (const Sequence& sequence : problem.sequences) pairs += sequence.q_len * sequence.kv_len;
    if (problem.bias == problem::Bias::kPerHead) pairs *= problem.num_q_heads;
  }
  const std::int64_t lanes_v = problem.v_is_k_prefix ? 0 : problem.head_dim_v;
  return problem.total_q() * problem.num_q_heads * problem.head_dim_qk +
         problem.total_kv() * problem.num_kv_heads * (problem.head_dim_qk + lanes_v) + pairs;
}

Complexity complexity(const Case& value) {
  if (problem::is_program(value)) return complexity_of_program(value);
  const Problem& problem = value.problem();
  Complexity result;
  result[Axis::kSequences] = problem.batch();
  for (const problem::Call& call : value.program.calls) {
    result[Axis::kOperations] += call.sequences.empty() ? 1 : 2;
  }
  result[Axis::kFeatures] =
      count_in_use(meaning_features(), value) + count_in_use(execution_features(), value);
  result[Axis::kParameters] = parameters(problem);
  result[Axis::kTokens] = problem.total_q() + problem.total_kv();
  result[Axis::kQueries] = problem.total_q();
  result[Axis::kPositions] = positions(problem);
  result[Axis::kMaskData] = mask_data(problem.mask);
  result[Axis::kQHeads] = problem.num_q_heads;
  result[Axis::kKvHeads] = problem.num_kv_heads;
  result[Axis::kHeadDims] = problem.head_dim_qk + problem.head_dim_v;
  result[Axis::kHeadDimV] = problem.head_dim_v;
  measure_storage(value, result);
  measure_plan(value.plan, result);
  measure_poisons(value.poisons, result);
  measure_values(value, result);
  return result;
}

std::int64_t rank_of(Distribution distribution) {
  // From contents one can picture to contents one has to look up.
  constexpr std::array kSimplestFirst = {
      Distribution::kLattice,     Distribution::kUniform,    Distribution::kConstantV,
      Distribution::kOneHotV,     Distribution::kNormal,     Distribution::kCoherent,
      Distribution::kRising,      Distribution::kFalling,    Distribution::kNeedle,
      Distribution::kPeaked,      Distribution::kNearTies,   Distribution::kCancellingV,
      Distribution::kHeavyTail,   Distribution::kLowScores,  Distribution::kVeryLowScores,
      Distribution::kLargeScores, Distribution::kSubnormalV,
  };
  static_assert(kSimplestFirst.size() == problem::kNumDistributions);
  return std::find(kSimplestFirst.begin(), kSimplestFirst.end(), distribution) -
         kSimplestFirst.begin();
}

std::int64_t rank_of(PoisonKind kind) {
  switch (kind) {
    case PoisonKind::kNaN:
      return 0;
    case PoisonKind::kDominating:
      return 1;
    case PoisonKind::kLargest:
      return 2;
    case PoisonKind::kPlusInf:
      return 3;
    case PoisonKind::kMinusInf:
      return 4;
  }
  return problem::kNumPoisonKinds;
}

bool fills_k_and_v(PoisonPlace place) {
  return place != PoisonPlace::kTableTail && place != PoisonPlace::kWorkspace &&
         place != PoisonPlace::kOutput;
}

}  // namespace attest::shrinkers
