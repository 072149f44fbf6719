// Calls over arrays of a test, without attest's own placement.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "kernels/attest_kernel.h"

namespace attest::tests {

/// A packed f32 tensor over `data`, which outlives it.
inline attest_tensor packed(std::vector<float>& data, std::initializer_list<std::int64_t> shape) {
  attest_tensor tensor{};
  tensor.data = data.data();
  tensor.dtype = ATTEST_F32;
  tensor.device = ATTEST_CPU;
  for (const std::int64_t extent : shape) tensor.shape[tensor.rank++] = extent;
  std::int64_t step = 1;
  for (int axis = tensor.rank - 1; axis >= 0; --axis) {
    tensor.stride[axis] = step;
    step *= tensor.shape[axis];
  }
  return tensor;
}

inline attest_ints ints(const std::vector<std::int32_t>& values) {
  return {values.data(), values.data(), static_cast<std::int64_t>(values.size())};
}

/// The lengths of a batch, and what a call says about them.
struct Lengths {
  std::vector<std::int32_t> cu_seqlens_q{0};
  std::vector<std::int32_t> kv_len;
  std::vector<std::int32_t> start_pos;

  void add(std::int32_t q, std::int32_t kv) {
    cu_seqlens_q.push_back(cu_seqlens_q.back() + q);
    kv_len.push_back(kv);
    start_pos.push_back(kv - q);
  }
};

/// A call without tensors: everything off that can be off.
inline attest_attend empty_call(const Lengths& lengths) {
  attest_attend call{};
  call.struct_size = sizeof(call);
  call.batch = static_cast<std::int32_t>(lengths.kv_len.size());
  call.num_q_heads = call.num_kv_heads = 1;
  call.head_dim_qk = call.head_dim_v = 1;
  call.total_q = lengths.cu_seqlens_q.back();
  call.cu_seqlens_q = ints(lengths.cu_seqlens_q);
  call.kv_len = ints(lengths.kv_len);
  call.start_pos = ints(lengths.start_pos);
  call.window_left = call.window_right = -1;
  call.scale = 1;
  return call;
}

}  // namespace attest::tests
