// Keys or values of one sequence and head, for loops over many of them: what does not change from
// key to key is computed once. Layouts whose lanes are evenly spaced: all but x-split keys.
#pragma once

#include "kernels/cuda/call.cuh"

namespace attest::kernels::ATTEST_CUDA_BUILD {

/// `kPacked`: lanes are known to be neighbours.
template <typename E, bool kPacked>
class KvRows {
 public:
  /// `tensor` is call.k or call.v.
  __device__ KvRows(const attest_attend& call, const attest_tensor& tensor, int b, int kv_head)
      : data_(static_cast<const E*>(tensor.data)), lane_stride_(tensor.stride[tensor.rank - 1]) {
    if (call.layout == ATTEST_LAYOUT_CONTIGUOUS) {
      token_stride_ = tensor.stride[0];
      data_ += call.cu_seqlens_k.device[b] * token_stride_ + kv_head * tensor.stride[1];
      return;
    }
    const bool heads_first = call.layout == ATTEST_LAYOUT_PAGED_HND;
    token_stride_ = tensor.stride[heads_first ? 2 : 1];
    data_ += kv_head * tensor.stride[heads_first ? 1 : 2];
    if (call.layout == ATTEST_LAYOUT_PADDED) {
      data_ += b * tensor.stride[0];
      return;
    }
    pages_ = call.block_table.device + static_cast<std::int64_t>(b) * call.max_blocks;
    page_size_ = call.page_size;
    page_stride_ = tensor.stride[0];
  }

  /// The lanes of a key.
  struct Row {
    const E* data;
    std::int64_t stride;
    __device__ const E& operator[](int lane) const { return data[kPacked ? lane : lane * stride]; }
  };

  __device__ bool paged() const { return pages_ != nullptr; }
  __device__ Row in_page(int key) const {
    const int block = key / page_size_;
    return {data_ + pages_[block] * page_stride_ + (key - block * page_size_) * token_stride_,
            lane_stride_};
  }
  /// Without pages: keys lie evenly, token_stride() apart.
  __device__ Row even(int key) const { return {data_ + key * token_stride_, lane_stride_}; }
  __device__ std::int64_t token_stride() const { return token_stride_; }

 private:
  const E* data_;
  std::int64_t lane_stride_;
  std::int64_t token_stride_ = 0;
  const std::int32_t* pages_ = nullptr;  ///< of the sequence, where there are pages
  int page_size_ = 1;
  std::int64_t page_stride_ = 0;
};

}  // namespace attest::kernels::ATTEST_CUDA_BUILD
