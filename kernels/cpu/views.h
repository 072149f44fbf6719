// Strided access to the arrays of a call: lanes of one head, one sequence of the batch, and the
// keys and values of a sequence wherever the layout puts them. No arithmetic on values, no checks.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/attest_kernel.h"

namespace attest::kernels::cpu {

/// The lanes of one head of one token: head_dim elements, `stride` apart.
template <typename T>
struct Lanes {
  T* data;
  std::int64_t stride;
  T& operator[](std::int64_t lane) const { return data[lane * stride]; }
};

/// Head `head` of row `row` of a tensor [rows, heads, head_dim].
template <typename T>
Lanes<T> lanes(const attest_tensor& tensor, std::int64_t row, std::int64_t head) {
  return {static_cast<T*>(tensor.data) + row * tensor.stride[0] + head * tensor.stride[1],
          tensor.stride[2]};
}

/// Element (row, head) of a tensor [rows, heads], such as lse; null when the tensor is absent.
template <typename T>
T* element(const attest_tensor& tensor, std::int64_t row, std::int64_t head) {
  if (tensor.data == nullptr) return nullptr;
  return static_cast<T*>(tensor.data) + row * tensor.stride[0] + head * tensor.stride[1];
}

/// Element i of a tensor of rank 1.
template <typename T>
T element(const attest_tensor& tensor, std::int64_t i) {
  return static_cast<const T*>(tensor.data)[i * tensor.stride[0]];
}

/// One sequence of the batch.
struct Sequence {
  std::int64_t index;
  std::int64_t first_row;  ///< its row 0 in q, o and lse
  std::int64_t q_len;
  std::int64_t kv_len;
  std::int64_t start_pos;

  std::int64_t position(std::int64_t row) const { return start_pos + row; }
};

inline Sequence sequence_at(const attest_attend& call, std::int64_t b) {
  const std::int64_t first_row = call.cu_seqlens_q.host[b];
  return {.index = b,
          .first_row = first_row,
          .q_len = call.cu_seqlens_q.host[b + 1] - first_row,
          .kv_len = call.kv_len.host[b],
          .start_pos = call.start_pos.host[b]};
}

/// The KV head that query head `head` reads.
inline std::int64_t kv_head_of(const attest_attend& call, std::int64_t head) {
  return head / (call.num_q_heads / call.num_kv_heads);
}

/// First key that a window reaching `left` tokens back from `position` shows; left < 0: unbounded.
inline std::int64_t window_begin(std::int64_t position, std::int64_t left) {
  constexpr std::int64_t kBeyondAllTokens = std::int64_t{1} << 40;  // keeps the sum from overflow
  return left < 0 ? 0 : std::max<std::int64_t>(0, position - std::min(left, kBeyondAllTokens));
}

/// Where the lanes of one head of one token are, in k or in v of a call, for one sequence.
/// Layouts: contiguous, padded, paged NHD. Token and page offsets are computed in 64 bits.
template <typename T>
class KvCursor {
 public:
  KvCursor(const attest_attend& call, std::int64_t b) : call_(call), b_(b) {}

  /// Shapes: [head_dim_qk] and [head_dim_v].
  Lanes<const T> k(std::int64_t key, std::int64_t kv_head) const {
    return at(call_.k, key, kv_head);
  }
  Lanes<const T> v(std::int64_t key, std::int64_t kv_head) const {
    return at(call_.v, key, kv_head);
  }

 protected:
  static Lanes<const T> at(const attest_tensor& tensor, std::int64_t outer, std::int64_t token,
                           std::int64_t kv_head) {
    const std::int64_t* stride = tensor.stride;
    return {static_cast<const T*>(tensor.data) + outer * stride[0] + token * stride[1] +
                kv_head * stride[2],
            stride[3]};
  }

  const attest_attend& call_;
  std::int64_t b_;

 private:
  Lanes<const T> at(const attest_tensor& tensor, std::int64_t key, std::int64_t kv_head) const {
    switch (call_.layout) {
      case ATTEST_LAYOUT_CONTIGUOUS:
        return lanes<const T>(tensor, call_.cu_seqlens_k.host[b_] + key, kv_head);
      case ATTEST_LAYOUT_PADDED:
        return at(tensor, b_, key, kv_head);
      default: {  // ATTEST_LAYOUT_PAGED_NHD
        const std::int64_t block = key / call_.page_size;
        const std::int64_t page = call_.block_table.host[b_ * call_.max_blocks + block];
        return at(tensor, page, key % call_.page_size, kv_head);
      }
    }
  }
};

}  // namespace attest::kernels::cpu
