// The dense kernel's own idea of what a query row may see: every mask of the contract. (The other
// kernels compute loop bounds instead.)
#pragma once

#include <cstdint>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/views.h"

namespace attest::kernels::cpu {

/// The masks of one sequence of a call.
class SequenceMask {
 public:
  SequenceMask(const attest_attend& call, const Sequence& sequence);

  /// What windows, attention chunks and ALiBi measure: the token index, or inside the tree the
  /// start of the tree plus the token's depth.
  std::int64_t query_position(std::int64_t row) const;
  std::int64_t key_position(std::int64_t key) const;

  bool visible(std::int64_t row, std::int64_t key) const;

 private:
  bool in_tree(std::int64_t token) const;
  std::int64_t position(std::int64_t token) const;

  const attest_attend& call_;
  Sequence sequence_;
  const std::int32_t* parent_ = nullptr;  ///< of this sequence's tree, [tree_size_]
  std::int64_t tree_size_ = 0;
  std::int64_t tree_start_ = 0;  ///< the tree's first token
};

}  // namespace attest::kernels::cpu
