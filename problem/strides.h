// Memory steps other than packed: gaps between the slices of a tensor, and heads that lie on one
// another. Given by what a slice is, not by the dimensions of a layout, so that a case keeps them
// when its layout or its sizes change.
#pragma once

#include <cstdint>

namespace attest::problem {

/// Elements that belong to nobody after each slice of one tensor. A step of a dimension is the
/// packed one, counted with every gap inside it, plus its own gap.
struct Gaps {
  std::int64_t outer = 0;  ///< after each page, or after each sequence's room of a padded cache
  std::int64_t token = 0;  ///< after each token (q, o and lse: each row)
  std::int64_t head = 0;   ///< after each head
  std::int64_t lane = 0;   ///< after each lane (x-split K: after each vector of x lanes)
  bool one_head = false;   ///< head stride 0: all heads are one, with the contents of the first

  bool packed() const { return *this == Gaps{}; }
  friend bool operator==(const Gaps&, const Gaps&) = default;
};

/// Where V lies in K's buffer (v_is_k_prefix, the interleaved layout) it has K's gaps and none of
/// its own here.
struct Strides {
  Gaps q, k, v, o, lse;

  bool packed() const { return *this == Strides{}; }
  friend bool operator==(const Strides&, const Strides&) = default;
};

inline constexpr std::int64_t kMaxGap = std::int64_t{1} << 16;

}  // namespace attest::problem
