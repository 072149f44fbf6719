#include "kernels/cpu/mask.h"

namespace attest::kernels::cpu {
namespace {

/// Rounds down for negative positions too: they lie in no chunk that has keys.
std::int64_t chunk_of(std::int64_t position, std::int64_t chunk) {
  return position >= 0 ? position / chunk : -1 - (-1 - position) / chunk;
}

}  // namespace

SequenceMask::SequenceMask(const attest_attend& call, const Sequence& sequence)
    : call_(call), sequence_(sequence), tree_start_(sequence.kv_len) {
  if (call.tree_indptr.count == 0) return;
  const std::int32_t* first = call.tree_indptr.host + sequence.index;
  parent_ = call.tree_parent.host + first[0];
  tree_size_ = first[1] - first[0];
  tree_start_ = sequence.kv_len - tree_size_;
}

bool SequenceMask::in_tree(std::int64_t token) const {
  return token >= tree_start_ && token < tree_start_ + tree_size_;
}

std::int64_t SequenceMask::position(std::int64_t token) const {
  if (!in_tree(token)) return token;
  std::int64_t depth = 0;
  for (std::int32_t up = parent_[token - tree_start_]; up >= 0; up = parent_[up]) ++depth;
  return tree_start_ + depth;
}

std::int64_t SequenceMask::query_position(std::int64_t row) const {
  return position(sequence_.position(row));
}

std::int64_t SequenceMask::key_position(std::int64_t key) const { return position(key); }

bool SequenceMask::visible(std::int64_t row, std::int64_t key) const {
  const std::int64_t token = sequence_.position(row);
  if (in_tree(token) && in_tree(key)) {
    std::int64_t ancestor = token - tree_start_;  // or the token itself
    while (ancestor >= 0 && ancestor != key - tree_start_) ancestor = parent_[ancestor];
    if (ancestor < 0) return false;
  } else if (call_.causal != 0 && key > token) {
    return false;
  }

  const std::int64_t distance = query_position(row) - key_position(key);
  if (call_.window_left >= 0 && distance > call_.window_left) return false;
  if (call_.window_right >= 0 && -distance > call_.window_right) return false;
  if (call_.attention_chunk > 0 && chunk_of(query_position(row), call_.attention_chunk) !=
                                       chunk_of(key_position(key), call_.attention_chunk)) {
    return false;
  }
  if (call_.custom_mask.data != nullptr) {
    const std::int64_t first = call_.custom_mask_indptr.host[sequence_.index];
    return element<std::uint8_t>(call_.custom_mask, first + row * sequence_.kv_len + key) != 0;
  }
  return true;
}

}  // namespace attest::kernels::cpu
