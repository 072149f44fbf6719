#include "oracle/visible.h"

#include <algorithm>
#include <cstddef>

namespace attest::oracle {
namespace {

using problem::Mask;
using problem::Problem;

const problem::Tree* tree_of(const Problem& problem, std::int64_t b) {
  const auto i = static_cast<std::size_t>(b);
  if (i >= problem.mask.tree.size() || problem.mask.tree[i].parent.empty()) return nullptr;
  return &problem.mask.tree[i];
}

/// First token of the tree; kv_len when there is none.
std::int64_t tree_start(const Problem& problem, std::int64_t b) {
  const problem::Tree* tree = tree_of(problem, b);
  const std::int64_t kv_len = problem.sequences[static_cast<std::size_t>(b)].kv_len;
  return tree == nullptr ? kv_len : kv_len - static_cast<std::int64_t>(tree->parent.size());
}

bool in_tree(const Problem& problem, std::int64_t b, std::int64_t token) {
  return token >= tree_start(problem, b) &&
         token < problem.sequences[static_cast<std::size_t>(b)].kv_len;
}

std::int64_t parent_of(const problem::Tree& tree, std::int64_t node) {
  return tree.parent[static_cast<std::size_t>(node)];
}

/// Parents come before their children, so both walks end.
std::int64_t depth_of(const problem::Tree& tree, std::int64_t node) {
  std::int64_t depth = 0;
  while ((node = parent_of(tree, node)) >= 0) ++depth;
  return depth;
}

bool is_ancestor_or_self(const problem::Tree& tree, std::int64_t ancestor, std::int64_t node) {
  while (node > ancestor) node = parent_of(tree, node);
  return node == ancestor;
}

/// Position of token `token`, which need not exist (start_pos may put a row anywhere).
std::int64_t position_of(const Problem& problem, std::int64_t b, std::int64_t token) {
  if (!in_tree(problem, b, token)) return token;
  const std::int64_t start = tree_start(problem, b);
  return start + depth_of(*tree_of(problem, b), token - start);
}

std::int64_t token_of_row(const Problem& problem, std::int64_t b, std::int64_t row) {
  return problem.sequences[static_cast<std::size_t>(b)].first_position() + row;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}

}  // namespace

std::int64_t query_position(const Problem& problem, std::int64_t b, std::int64_t row) {
  return position_of(problem, b, token_of_row(problem, b, row));
}

std::int64_t key_position(const Problem& problem, std::int64_t b, std::int64_t key) {
  return position_of(problem, b, key);
}

bool visible(const Problem& problem, std::int64_t b, std::int64_t row, std::int64_t key) {
  const Mask& mask = problem.mask;
  const std::int64_t token = token_of_row(problem, b, row);
  if (in_tree(problem, b, token) && in_tree(problem, b, key)) {
    const std::int64_t start = tree_start(problem, b);
    if (!is_ancestor_or_self(*tree_of(problem, b), key - start, token - start)) return false;
  } else if (mask.causal && key > token) {
    return false;
  }
  const std::int64_t p = position_of(problem, b, token);
  const std::int64_t j = position_of(problem, b, key);
  // As differences: p - window_left would overflow for a huge window.
  if (mask.window_left && p - j > *mask.window_left) return false;
  if (mask.window_right && j - p > *mask.window_right) return false;
  if (mask.attention_chunk &&
      floor_div(j, *mask.attention_chunk) != floor_div(p, *mask.attention_chunk)) {
    return false;
  }
  if (mask.custom.empty()) return true;
  const auto i = static_cast<std::size_t>(b);
  const std::int64_t kv_len = problem.sequences[i].kv_len;
  return mask.custom[i][static_cast<std::size_t>(row * kv_len + key)] != 0;
}

std::pair<std::int64_t, std::int64_t> visible_range(const Problem& problem, std::int64_t b,
                                                    std::int64_t row) {
  const Mask& mask = problem.mask;
  const std::int64_t kv_len = problem.sequences[static_cast<std::size_t>(b)].kv_len;
  const std::int64_t token = token_of_row(problem, b, row);
  const std::int64_t p = position_of(problem, b, token);
  const bool row_in_tree = in_tree(problem, b, token);

  std::int64_t first = 0;
  std::int64_t last = kv_len;
  if (mask.causal && !row_in_tree) last = std::min(last, token + 1);
  // A key's position is at most its index, so the lower limits hold inside a tree too.
  if (mask.window_left && *mask.window_left < p) first = std::max(first, p - *mask.window_left);
  if (mask.attention_chunk) {
    first = std::max(first, floor_div(p, *mask.attention_chunk) * *mask.attention_chunk);
  }
  // The upper limits do not: the last token of a tree may have the position of its first.
  if (tree_of(problem, b) == nullptr) {
    if (mask.window_right && *mask.window_right < kv_len - p) {
      last = std::min(last, p + *mask.window_right + 1);
    }
    if (mask.attention_chunk) {
      const std::int64_t chunk = floor_div(p, *mask.attention_chunk);
      if (chunk < floor_div(kv_len, *mask.attention_chunk)) {
        last = std::min(last, (chunk + 1) * *mask.attention_chunk);
      }
    }
  }
  first = std::min(first, kv_len);
  return {first, std::max(first, last)};
}

bool range_is_solid(const Problem& problem, std::int64_t b) {
  return problem.mask.custom.empty() && tree_of(problem, b) == nullptr;
}

}  // namespace attest::oracle
