// Reads a placed call through nothing but the kernel contract.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attest_kernel.h"
#include "problem/dtype.h"

namespace attest::tests {

/// Tokens of room in a page, or in a sequence of a padded cache.
inline std::int64_t room(const attest_attend& call) {
  return call.layout == ATTEST_LAYOUT_PADDED ? call.k.shape[1] : call.page_size;
}

/// The element of a cache tensor (k or v of the call) at a flat slot, by the words of the contract.
inline const std::byte* at(const attest_attend& call, const attest_tensor& tensor,
                           std::int64_t slot, std::int64_t head, std::int64_t lane) {
  const std::int64_t* stride = tensor.stride;
  const bool flat = call.layout == ATTEST_LAYOUT_CONTIGUOUS;
  const std::int64_t page = flat ? 0 : slot / room(call);
  const std::int64_t token = flat ? slot : slot % room(call);
  std::int64_t offset = 0;
  if (flat) {
    offset = token * stride[0] + head * stride[1] + lane * stride[2];
  } else if (call.layout == ATTEST_LAYOUT_PAGED_HND) {
    offset = page * stride[0] + head * stride[1] + token * stride[2] + lane * stride[3];
  } else if (call.layout == ATTEST_LAYOUT_PAGED_X_SPLIT && tensor.rank == 5) {
    const std::int64_t x = tensor.shape[4];
    offset = page * stride[0] + head * stride[1] + lane / x * stride[2] + token * stride[3] +
             lane % x * stride[4];
  } else if (call.layout == ATTEST_LAYOUT_PAGED_X_SPLIT) {
    offset = page * stride[0] + head * stride[1] + lane * stride[2] + token * stride[3];
  } else {
    offset = page * stride[0] + token * stride[1] + head * stride[2] + lane * stride[3];
  }
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
  if (call.layout == ATTEST_LAYOUT_PADDED) return b * room(call) + token;
  const std::int64_t block = token / call.page_size;
  const std::int32_t page = call.block_table.count > 0
                                ? call.block_table.host[b * call.max_blocks + block]
                                : call.block_indices.host[call.block_indptr.host[b] + block];
  return page * std::int64_t{call.page_size} + token % call.page_size;
}

inline std::int64_t slot_count(const attest_attend& call) {
  return call.layout == ATTEST_LAYOUT_CONTIGUOUS ? call.k.shape[0] : call.k.shape[0] * room(call);
}

}  // namespace attest::tests
