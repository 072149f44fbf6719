// Reads a placed call through nothing but the kernel contract.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attest_kernel.h"
#include "problem/dtype.h"

namespace attest::tests {

/// The element of a cache tensor at a flat slot.
inline const std::byte* at(const attest_attend& call, const attest_tensor& tensor,
                           std::int64_t slot, std::int64_t head, std::int64_t lane) {
  const bool flat = call.layout == ATTEST_LAYOUT_CONTIGUOUS;
  const std::int64_t inner = flat ? 1 : tensor.shape[1];
  const int d = flat ? 0 : 1;
  const std::int64_t outer =
      flat ? slot * tensor.stride[0]
           : slot / inner * tensor.stride[0] + slot % inner * tensor.stride[1];
  const std::int64_t offset = outer + head * tensor.stride[d + 1] + lane * tensor.stride[d + 2];
  return static_cast<const std::byte*>(tensor.data) +
         offset *
             static_cast<std::int64_t>(problem::size_of(static_cast<problem::DType>(tensor.dtype)));
}

inline std::uint64_t bits_at(const attest_attend& call, const attest_tensor& tensor,
                             std::int64_t slot, std::int64_t head, std::int64_t lane) {
  return problem::load_bits(static_cast<problem::DType>(tensor.dtype),
                            at(call, tensor, slot, head, lane));
}

inline double value_at(const attest_attend& call, const attest_tensor& tensor, std::int64_t slot,
                       std::int64_t head, std::int64_t lane) {
  const auto type = static_cast<problem::DType>(tensor.dtype);
  return problem::decode(type, bits_at(call, tensor, slot, head, lane));
}

/// Where the contract says a token lies.
inline std::int64_t slot_of(const attest_attend& call, std::int64_t b, std::int64_t token) {
  if (call.layout == ATTEST_LAYOUT_CONTIGUOUS) return call.cu_seqlens_k.host[b] + token;
  if (call.layout == ATTEST_LAYOUT_PADDED) return b * call.k.shape[1] + token;
  const std::int32_t page = call.block_table.host[b * call.max_blocks + token / call.page_size];
  return page * std::int64_t{call.page_size} + token % call.page_size;
}

inline std::int64_t slot_count(const attest_attend& call) {
  return call.layout == ATTEST_LAYOUT_CONTIGUOUS ? call.k.shape[0]
                                                 : call.k.shape[0] * call.k.shape[1];
}

}  // namespace attest::tests
