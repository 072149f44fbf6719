#include "shrinkers/repair_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "shrinkers/merge_trees.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

using problem::Plan;
using problem::Problem;
using problem::Range;

namespace {

void remove_from_custom(std::vector<std::uint8_t>& bits, const problem::Sequence& old, Range rows,
                        Range keys) {
  std::vector<std::uint8_t> left;
  for (std::int64_t row = 0; row < old.q_len; ++row) {
    if (!index_after(rows, row)) continue;
    for (std::int64_t key = 0; key < old.kv_len; ++key) {
      if (!index_after(keys, key)) continue;
      left.push_back(bits[static_cast<std::size_t>(row * old.kv_len + key)]);
    }
  }
  bits = std::move(left);
}

void remove_from_tree(problem::Tree& tree, std::int64_t old_kv_len, Range keys) {
  const std::int64_t first_key = old_kv_len - static_cast<std::int64_t>(tree.parent.size());
  std::vector<std::int32_t> renumbered(tree.parent.size(), -1);  // -1: removed
  std::vector<std::int32_t> left;
  for (std::size_t node = 0; node < tree.parent.size(); ++node) {
    if (!index_after(keys, first_key + static_cast<std::int64_t>(node))) continue;
    std::int32_t parent = tree.parent[node];
    while (parent >= 0 && renumbered[static_cast<std::size_t>(parent)] < 0) {
      parent = tree.parent[static_cast<std::size_t>(parent)];
    }
    renumbered[node] = static_cast<std::int32_t>(left.size());
    left.push_back(parent < 0 ? -1 : renumbered[static_cast<std::size_t>(parent)]);
  }
  tree.parent = std::move(left);
}

}  // namespace

std::int64_t removed_before(Range removed, std::int64_t index) {
  return std::max<std::int64_t>(std::min(index, removed.end) - removed.begin, 0);
}

std::optional<std::int64_t> index_after(Range removed, std::int64_t index) {
  if (index >= removed.begin && index < removed.end) return std::nullopt;
  return index - removed_before(removed, index);
}

void remove_from_mask(Problem& problem, std::size_t b, Range rows, Range keys) {
  const problem::Sequence& old = problem.sequences[b];
  if (!problem.mask.custom.empty()) {
    remove_from_custom(problem.mask.custom[b], old, rows, keys);
  }
  if (!problem.mask.tree.empty()) remove_from_tree(problem.mask.tree[b], old.kv_len, keys);
}

void remove_from_plan(Plan& plan, std::size_t b, Range rows, Range keys) {
  if (!plan.chunks.empty()) {
    std::vector<std::int64_t> left;
    std::int64_t begin = 0;
    for (const std::int64_t length : plan.chunks[b]) {
      const std::int64_t end = begin + length;
      const std::int64_t rest = length - (removed_before(rows, end) - removed_before(rows, begin));
      if (rest > 0) left.push_back(rest);
      begin = end;
    }
    plan.chunks[b] = std::move(left);
  }
  for (std::vector<Range>& part : plan.parts) {
    part[b].begin -= removed_before(keys, part[b].begin);
    part[b].end -= removed_before(keys, part[b].end);
  }
}

Plan without_part(const Plan& plan, std::size_t part) {
  Plan result = plan;
  const std::vector<Range> removed = plan.parts[part];
  result.parts.erase(result.parts.begin() + static_cast<std::ptrdiff_t>(part));
  if (result.parts.size() < 2) {
    result.parts.clear();
    result.merges.clear();
    return result;
  }
  for (std::size_t b = 0; b < removed.size(); ++b) {
    const Range orphan = removed[b];
    if (orphan.begin == orphan.end) continue;
    Range* heir = nullptr;
    for (std::vector<Range>& candidate : result.parts) {
      Range& keys = candidate[b];
      if (keys.begin == keys.end) continue;
      if (keys.end == orphan.begin || (!heir && keys.begin == orphan.end)) heir = &keys;
    }
    if (!heir) {  // every other part is empty
      result.parts.front()[b] = orphan;
    } else {
      heir->begin = std::min(heir->begin, orphan.begin);
      heir->end = std::max(heir->end, orphan.end);
    }
  }
  if (!result.merges.empty()) result.merges = without_state(plan.merges, plan.parts.size(), part);
  return result;
}

}  // namespace attest::shrinkers
