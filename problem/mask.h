// Which keys a query may see, as data. The meaning (visible()) is oracle/visible.h; kernels bring
// their own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace attest::problem {

/// Speculative-decoding tree over the last `parent.size()` tokens of a sequence.
/// parent[t] is the index inside the tree of t's parent (< t), or -1 for a root.
struct Tree {
  std::vector<std::int32_t> parent;
  friend bool operator==(const Tree&, const Tree&) = default;
};

struct Mask {
  bool causal = false;
  std::optional<std::int64_t>
      window_left;  ///< tokens to the left of the query that stay visible, >= 0; unset: all
  std::optional<std::int64_t> window_right;     ///< likewise to the right
  std::optional<std::int64_t> attention_chunk;  ///< chunk length of chunked attention, >= 1
  std::vector<Tree> tree;  ///< one per sequence (an empty tree: none), or no entry at all
  /// Custom boolean mask, one vector per sequence, row-major [q_len, kv_len], 1 = visible; or no
  /// entry at all.
  std::vector<std::vector<std::uint8_t>> custom;

  friend bool operator==(const Mask&, const Mask&) = default;
};

}  // namespace attest::problem
