// Strided access to the arrays of a call: lanes of one head, one sequence of the batch, and the
// keys and values of a sequence wherever the layout puts them. No arithmetic on values, no checks.
// Offsets are computed in 64 bits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/attest_kernel.h"
#include "kernels/cpu/element_types.h"

namespace attest::kernels::cpu {

/// The lanes of one head of one token: head_dim elements, `stride` apart. With a `block` (x-split
/// keys) that holds inside blocks of so many lanes, which are `block_stride` apart.
template <typename T>
struct Lanes {
  T* data;
  std::int64_t stride;
  std::int64_t block = 0;
  std::int64_t block_stride = 0;

  T& operator[](std::int64_t lane) const {
    if (block == 0) return data[lane * stride];
    return data[lane / block * block_stride + lane % block * stride];
  }
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

/// Physical page of block `block` of sequence b, from the rows of block_table.
struct TableRows {
  static std::int64_t page(const attest_attend& call, std::int64_t b, std::int64_t block) {
    return call.block_table.host[b * call.max_blocks + block];
  }
};

/// The same from the CSR form.
struct TableCsr {
  static std::int64_t page(const attest_attend& call, std::int64_t b, std::int64_t block) {
    return call.block_indices.host[call.block_indptr.host[b] + block];
  }
};

/// The lanes of one head of the token at `offset` of page `page`, for each paged layout.
template <typename S>
Lanes<S> paged_lanes(std::int32_t layout, const attest_tensor& tensor, std::int64_t page,
                     std::int64_t offset, std::int64_t kv_head) {
  const std::int64_t* stride = tensor.stride;
  S* const first = static_cast<S*>(tensor.data) + page * stride[0];
  switch (layout) {
    case ATTEST_LAYOUT_PAGED_HND:
      return {first + kv_head * stride[1] + offset * stride[2], stride[3]};
    case ATTEST_LAYOUT_PAGED_X_SPLIT:
      if (tensor.rank == 5) {  // keys: [num_pages, num_kv_heads, head_dim / x, page_size, x]
        return {first + kv_head * stride[1] + offset * stride[3], stride[4], tensor.shape[4],
                stride[2]};
      }
      return {first + kv_head * stride[1] + offset * stride[3], stride[2]};
    default:  // NHD; interleaved and MLA latent, whose k and v are views of this shape
      return {first + offset * stride[1] + kv_head * stride[2], stride[3]};
  }
}

/// Where the lanes of one head of one token are, in k or in v of a call, for one sequence.
/// Layouts: all.
template <typename T, typename Table = TableRows>
class KvCursor {
 public:
  using Element = Cache<T>;

  KvCursor(const attest_attend& call, std::int64_t b) : call_(call), b_(b) {}

  /// Shapes: [head_dim_qk] and [head_dim_v].
  Lanes<const Element> k(std::int64_t key, std::int64_t kv_head) const {
    return at(call_.k, key, kv_head);
  }
  Lanes<const Element> v(std::int64_t key, std::int64_t kv_head) const {
    return at(call_.v, key, kv_head);
  }

 protected:
  const attest_attend& call_;
  std::int64_t b_;

 private:
  Lanes<const Element> at(const attest_tensor& tensor, std::int64_t key,
                          std::int64_t kv_head) const {
    switch (call_.layout) {
      case ATTEST_LAYOUT_CONTIGUOUS:
        return lanes<const Element>(tensor, call_.cu_seqlens_k.host[b_] + key, kv_head);
      case ATTEST_LAYOUT_PADDED:  // [batch, max_kv_len, ...]: a page for each sequence
        return paged_lanes<const Element>(call_.layout, tensor, b_, key, kv_head);
      default:
        return paged_lanes<const Element>(call_.layout, tensor,
                                          Table::page(call_, b_, key / call_.page_size),
                                          key % call_.page_size, kv_head);
    }
  }
};

}  // namespace attest::kernels::cpu
