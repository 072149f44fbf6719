#include "tests/shrinkers/failures.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "problem/inputs.h"
#include "shrinkers/sharing.h"

namespace attest::tests {

using problem::Case;
using problem::Sequence;
using shrinkers::Judgement;

namespace {

bool any_sequence(const Case& value, const std::function<bool(const Sequence&)>& holds) {
  const auto& sequences = value.problem().sequences;
  return std::any_of(sequences.begin(), sequences.end(), holds);
}

}  // namespace

std::function<Judgement(const Case&)> judge_by(const Predicate& fails) {
  return [fails](const Case& value) {
    return fails(value) ? Judgement::kFailsSame : Judgement::kPasses;
  };
}

std::int64_t empty_parts(const Case& value, std::size_t b) {
  return std::count_if(value.plan.parts.begin(), value.plan.parts.end(),
                       [&](const auto& part) { return part[b].begin == part[b].end; });
}

bool always(const Case&) { return true; }

bool window_shorter_than_cache(const Case& value) {
  const auto window = value.problem().mask.window_left;
  return window && any_sequence(value, [&](const Sequence& s) { return s.kv_len > *window; });
}

bool sequences_share_a_page(const Case& value) {
  return shrinkers::shared_entries(value.storage) > 0;
}

bool two_empty_parts(const Case& value) {
  for (std::size_t b = 0; b < value.problem().sequences.size(); ++b) {
    if (empty_parts(value, b) >= 2) return true;
  }
  return false;
}

bool query_sees_itself(const Case& value) {
  return any_sequence(value, [](const Sequence& s) { return s.q_len > 0 && s.kv_len > 0; });
}

bool more_than_a_tile(const Case& value) {
  return any_sequence(value, [](const Sequence& s) { return s.kv_len > 32 && s.q_len > 0; });
}

bool page_tail_is_poisoned(const Case& value) {
  if (!problem::is_paged(value.storage.layout)) return false;
  const bool poisoned = std::any_of(value.poisons.begin(), value.poisons.end(), [](const auto& p) {
    return p.place == problem::PoisonPlace::kPageTail && p.in_v;
  });
  return poisoned && any_sequence(value, [&](const Sequence& s) {
           return s.kv_len % value.storage.page_size != 0 && s.q_len > 0;
         });
}

bool grouped_with_wide_heads(const Case& value) {
  return value.problem().group() > 1 && value.problem().head_dim_qk > 16;
}

bool pages_out_of_order(const Case& value) {
  return shrinkers::misplaced_pages(value.storage) > 0 && value.problem().total_q() > 0;
}

bool second_head_of_second_sequence(const Case& value) {
  return value.problem().batch() > 1 && value.problem().sequences[1].q_len > 0 &&
         value.problem().num_kv_heads > 1;
}

bool merge_tree_of_three(const Case& value) {
  return value.plan.merges.size() > 1 && query_sees_itself(value);
}

bool some_large_value(const Case& value) {
  const auto inputs = problem::make_inputs(value.problem(), value.values, value.storage);
  for (std::size_t i = 0; i < inputs.v.size(); ++i) {
    if (std::fabs(inputs.v.value(i)) > 2.5) return true;
  }
  return false;
}

}  // namespace attest::tests
