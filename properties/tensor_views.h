// Tensors of the kernel contract over memory that is laid out by problem/kv_steps.h, and their
// contents copied in and out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/attest_kernel.h"
#include "problem/elements.h"
#include "problem/kv_steps.h"

namespace attest::properties {

/// [rows, heads, lanes], such as q and o. Data is absent, as in all views here.
attest_tensor rows_view(problem::DType type, std::int64_t rows, std::int64_t heads,
                        std::int64_t lanes, const problem::Steps& steps);

/// K or V of a cache, in the dimensions that its layout has in the contract.
attest_tensor cache_view(const problem::Problem& problem, const problem::KvStorage& storage,
                         const problem::CacheSteps& cache, bool is_k);

/// All elements in the buffer that begins with K: with V between, in the interleaved layout.
attest_tensor buffer_view(const problem::Problem& problem, const problem::KvStorage& storage,
                          const problem::CacheSteps& cache);

std::int64_t count_elements(const attest_tensor& tensor);
/// Whether its elements lie side by side in row-major order.
bool is_packed(const attest_tensor& tensor);

/// Calls visit(linear index, element address) for every element in row-major order.
template <typename Visit>
void for_each_element(const attest_tensor& tensor, Visit visit) {
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  const auto unit =
      static_cast<std::int64_t>(problem::size_of(static_cast<problem::DType>(tensor.dtype)));
  std::array<std::int64_t, ATTEST_MAX_RANK> index{};
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t offset = 0;
    for (int d = 0; d < tensor.rank; ++d) offset += index[d] * tensor.stride[d];
    visit(static_cast<std::size_t>(i), static_cast<std::byte*>(tensor.data) + offset * unit);
    for (int d = tensor.rank - 1; d >= 0 && ++index[d] == tensor.shape[d]; --d) index[d] = 0;
  }
}

/// Copies a strided tensor out, row-major.
problem::Elements read_tensor(const attest_tensor& tensor);
/// Fills a strided tensor from row-major elements of the same type.
void write_tensor(const attest_tensor& tensor, const problem::Elements& elements);

/// Writes `heads` times `lanes` elements, row-major, to one slot of a cache; reads them back.
/// `base` is the first element of K or V.
struct SlotAccess {
  problem::Steps steps;
  std::size_t unit;  ///< bytes of an element
  std::int64_t heads;
  std::int64_t lanes;

  std::int64_t offset(std::int64_t outer, std::int64_t slot, std::int64_t head,
                      std::int64_t lane) const {
    return steps.at(outer, slot, head, lane) * static_cast<std::int64_t>(unit);
  }
  void write(std::byte* base, std::int64_t outer, std::int64_t slot, const std::byte* from) const;
  void read(const std::byte* base, std::int64_t outer, std::int64_t slot, std::byte* to) const;
};

}  // namespace attest::properties
