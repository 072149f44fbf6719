// What device code reads of a call: sequences, lanes of a head wherever the layout puts them,
// scales and score modifiers. The call struct itself is the kernel's parameter. Offsets are
// computed in 64 bits.
#pragma once

#include <cstdint>

#include "kernels/cuda/elements.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

/// The lanes of one head of one token: head_dim elements, `stride` apart. With a `block` (x-split
/// keys) that holds inside blocks of so many lanes, which are `block_stride` apart.
template <typename T>
struct Lanes {
  T* data;
  std::int64_t stride;
  int block = 0;
  std::int64_t block_stride = 0;

  __device__ T& operator[](int lane) const {
    if (block == 0) return data[lane * stride];
    return data[lane / block * block_stride + lane % block * stride];
  }
};

/// Head `head` of row `row` of a tensor [rows, heads, head_dim].
template <typename T>
__device__ inline Lanes<T> lanes(const attest_tensor& tensor, std::int64_t row, int head) {
  return {static_cast<T*>(tensor.data) + row * tensor.stride[0] + head * tensor.stride[1],
          tensor.stride[2]};
}

/// Element (row, head) of a tensor [rows, heads], such as lse.
__device__ inline float& element(const attest_tensor& tensor, std::int64_t row, int head) {
  return static_cast<float*>(tensor.data)[row * tensor.stride[0] + head * tensor.stride[1]];
}

/// One sequence of the batch.
struct Sequence {
  int index;
  std::int64_t first_row;  ///< its row 0 in q, o and lse
  int q_len;
  int kv_len;
  int start_pos;

  __device__ int position(int row) const { return start_pos + row; }
};

__device__ inline Sequence sequence_at(const attest_attend& call, int b) {
  const int first_row = call.cu_seqlens_q.device[b];
  return {b, first_row, call.cu_seqlens_q.device[b + 1] - first_row, call.kv_len.device[b],
          call.start_pos.device[b]};
}

/// The KV head that query head `head` reads.
__device__ inline int kv_head_of(const attest_attend& call, int head) {
  return head / (call.num_q_heads / call.num_kv_heads);
}

/// First key that a window reaching `left` tokens back from `position` shows; left < 0: unbounded.
__device__ inline int window_begin(int position, std::int64_t left) {
  if (left < 0 || left >= position) return 0;
  return position - static_cast<int>(left);
}

/// Physical page of block `block` of sequence b.
__device__ inline std::int64_t page_at(const attest_attend& call, int b, int block) {
  return call.block_table.device[static_cast<std::int64_t>(b) * call.max_blocks + block];
}

/// The lanes of one head of the token at `offset` of page `page`, for each paged layout.
template <typename T>
__device__ inline Lanes<T> paged_lanes(std::int32_t layout, const attest_tensor& tensor,
                                       std::int64_t page, int offset, int kv_head) {
  T* const first = static_cast<T*>(tensor.data) + page * tensor.stride[0];
  if (layout == ATTEST_LAYOUT_PAGED_HND) {
    return {first + kv_head * tensor.stride[1] + offset * tensor.stride[2], tensor.stride[3]};
  }
  if (layout == ATTEST_LAYOUT_PAGED_X_SPLIT) {
    T* const token = first + kv_head * tensor.stride[1] + offset * tensor.stride[3];
    if (tensor.rank == 5) {  // keys: [num_pages, num_kv_heads, head_dim / x, page_size, x]
      return {token, tensor.stride[4], static_cast<int>(tensor.shape[4]), tensor.stride[2]};
    }
    return {token, tensor.stride[2]};
  }
  // NHD; interleaved and MLA latent, whose k and v are views of this shape
  return {first + offset * tensor.stride[1] + kv_head * tensor.stride[2], tensor.stride[3]};
}

/// The lanes of one head of key `key` of sequence b in `tensor`, which is call.k or call.v.
template <typename T>
__device__ inline Lanes<const T> kv_lanes(const attest_attend& call, const attest_tensor& tensor,
                                          int b, int key, int kv_head) {
  if (call.layout == ATTEST_LAYOUT_CONTIGUOUS) {
    return lanes<const T>(tensor, call.cu_seqlens_k.device[b] + std::int64_t{key}, kv_head);
  }
  if (call.layout == ATTEST_LAYOUT_PADDED) {  // [batch, max_kv_len, ...]: a page for each sequence
    return paged_lanes<const T>(call.layout, tensor, b, key, kv_head);
  }
  return paged_lanes<const T>(call.layout, tensor, page_at(call, b, key / call.page_size),
                              key % call.page_size, kv_head);
}

/// The scale of head `head` of sequence b; 1 when there is none.
/// Shapes: scales [1], [heads] or [batch, heads].
__device__ inline float scale_at(const attest_tensor& scales, int b, int head) {
  if (scales.data == nullptr) return 1;
  const auto* first = static_cast<const float*>(scales.data);
  if (scales.rank == 2) return first[b * scales.stride[0] + head * scales.stride[1]];
  return scales.shape[0] == 1 ? first[0] : first[head * scales.stride[0]];
}

/// What q . k is multiplied with.
__device__ inline float score_scale(const attest_attend& call, int b, int head) {
  return static_cast<float>(call.scale) * scale_at(call.q_scale, b, head) *
         scale_at(call.k_scale, b, kv_head_of(call, head));
}

/// Scales of an output: a sum over values becomes what o stores.
__device__ inline float scaled_output(const attest_attend& call, int b, int head, float value) {
  return value * scale_at(call.v_scale, b, kv_head_of(call, head)) / scale_at(call.o_scale, b, 0);
}

/// From q . k to the score of a key: scale, softcap and ALiBi, in this order.
struct Scorer {
  float scale;
  float softcap;
  float slope;
  int position;  ///< of the query row; what ALiBi measures distances from

  __device__ Scorer(const attest_attend& call, const Sequence& sequence, int row, int head)
      : scale(score_scale(call, sequence.index, head)),
        softcap(static_cast<float>(call.softcap)),
        slope(call.alibi_slopes.data != nullptr
                  ? static_cast<const float*>(
                        call.alibi_slopes.data)[head * call.alibi_slopes.stride[0]]
                  : 0),
        position(sequence.position(row)) {}

  /// Whether there is neither softcap nor ALiBi.
  __device__ bool only_scales() const { return !(softcap > 0) && slope == 0; }

  __device__ float operator()(float dot, int key) const {
    float score = scale * dot;
    if (softcap > 0) score = softcap * tanhf(score / softcap);
    if (slope != 0) score -= slope * static_cast<float>(abs(position - key));
    return score;
  }
};

/// The sink logit of a head, -inf without sinks.
__device__ inline float sink_of(const attest_attend& call, int head) {
  if (call.sinks.data == nullptr) return -INFINITY;
  return static_cast<const float*>(call.sinks.data)[head * call.sinks.stride[0]];
}

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
