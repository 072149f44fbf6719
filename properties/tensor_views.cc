#include "properties/tensor_views.h"

#include <cstring>
#include <initializer_list>

#include "problem/errors.h"

namespace attest::properties {
namespace {

using problem::DType;
using problem::Elements;
using problem::KvLayout;
using problem::Steps;

struct Dimension {
  std::int64_t size;
  std::int64_t stride;
};

attest_tensor make_view(DType type, std::initializer_list<Dimension> dimensions) {
  attest_tensor view{};
  view.dtype = static_cast<std::int32_t>(type);
  view.device = ATTEST_CPU;
  for (const Dimension& dimension : dimensions) {
    view.shape[view.rank] = dimension.size;
    view.stride[view.rank] = dimension.stride;
    ++view.rank;
  }
  return view;
}

/// Lanes that lie side by side, as long as they can be copied in one go.
std::int64_t run_of(const SlotAccess& access) {
  if (access.steps.x > 0) return access.steps.x;
  return access.steps.lane == 1 ? access.lanes : 1;
}

/// Calls copy(byte offset in the cache, byte offset in the packed row, bytes).
template <typename Copy>
void for_each_run(const SlotAccess& access, std::int64_t outer, std::int64_t slot, Copy copy) {
  const std::int64_t run = run_of(access);
  const std::size_t bytes = static_cast<std::size_t>(run) * access.unit;
  if (run == access.lanes && access.steps.head == access.lanes) {
    copy(access.offset(outer, slot, 0, 0), 0, bytes * static_cast<std::size_t>(access.heads));
    return;
  }
  std::size_t packed = 0;
  for (std::int64_t head = 0; head < access.heads; ++head) {
    for (std::int64_t lane = 0; lane < access.lanes; lane += run, packed += bytes) {
      copy(access.offset(outer, slot, head, lane), packed, bytes);
    }
  }
}

}  // namespace

std::int64_t count_elements(const attest_tensor& tensor) {
  std::int64_t count = 1;
  for (int d = 0; d < tensor.rank; ++d) count *= tensor.shape[d];
  return count;
}

bool is_packed(const attest_tensor& tensor) {
  std::int64_t stride = 1;
  for (int d = tensor.rank; d-- > 0;) {
    if (tensor.shape[d] != 1 && tensor.stride[d] != stride) return false;
    stride *= tensor.shape[d];
  }
  return true;
}

attest_tensor rows_view(DType type, std::int64_t rows, std::int64_t heads, std::int64_t lanes,
                        const Steps& steps) {
  return make_view(type, {{rows, steps.token}, {heads, steps.head}, {lanes, steps.lane}});
}

attest_tensor cache_view(const problem::Problem& problem, const problem::KvStorage& storage,
                         const problem::CacheSteps& cache, bool is_k) {
  const DType type = is_k ? problem.k_dtype : problem.v_dtype;
  const Steps& s = is_k ? cache.k : cache.v;
  const std::int64_t lanes = is_k ? problem.head_dim_qk : problem.head_dim_v;
  const Dimension outer{cache.outers, s.outer};
  const Dimension token{cache.slots, s.token};
  const Dimension head{problem.num_kv_heads, s.head};
  const Dimension lane{lanes, s.lane};
  switch (storage.layout) {
    case KvLayout::kContiguous:
      return make_view(type, {token, head, lane});
    case KvLayout::kPagedHND:
      return make_view(type, {outer, head, token, lane});
    case KvLayout::kPagedXSplit:
      if (!is_k) return make_view(type, {outer, head, lane, token});
      return make_view(type, {outer, head, {lanes / s.x, s.lane}, token, {s.x, 1}});
    case KvLayout::kPadded:
    case KvLayout::kPagedNHD:
    case KvLayout::kPagedInterleaved:
    case KvLayout::kMlaLatent:
      return make_view(type, {outer, token, head, lane});
  }
  throw ContractError("no such layout");
}

attest_tensor buffer_view(const problem::Problem& problem, const problem::KvStorage& storage,
                          const problem::CacheSteps& cache) {
  if (storage.layout != KvLayout::kPagedInterleaved)
    return cache_view(problem, storage, cache, true);
  const Steps& s = cache.k;
  return make_view(problem.k_dtype, {{cache.outers, s.outer},
                                     {2, cache.v_first},
                                     {cache.slots, s.token},
                                     {problem.num_kv_heads, s.head},
                                     {problem.head_dim_qk, s.lane}});
}

Elements read_tensor(const attest_tensor& tensor) {
  const auto type = static_cast<DType>(tensor.dtype);
  Elements out(type, static_cast<std::size_t>(count_elements(tensor)));
  if (is_packed(tensor)) {
    if (out.bytes() > 0) std::memcpy(out.data(), tensor.data, out.bytes());
    return out;
  }
  for_each_element(tensor, [&](std::size_t i, const std::byte* element) {
    out.set_bits(i, problem::load_bits(type, element));
  });
  return out;
}

void write_tensor(const attest_tensor& tensor, const Elements& elements) {
  const auto type = static_cast<DType>(tensor.dtype);
  if (type != elements.type() ||
      count_elements(tensor) != static_cast<std::int64_t>(elements.size())) {
    throw ContractError("write_tensor: type or size differs");
  }
  if (is_packed(tensor)) {
    if (elements.bytes() > 0) std::memcpy(tensor.data, elements.data(), elements.bytes());
    return;
  }
  for_each_element(tensor, [&](std::size_t i, std::byte* element) {
    problem::store_bits(type, element, elements.bits(i));
  });
}

void SlotAccess::write(std::byte* base, std::int64_t outer, std::int64_t slot,
                       const std::byte* from) const {
  for_each_run(*this, outer, slot, [&](std::int64_t at, std::size_t packed, std::size_t bytes) {
    std::memcpy(base + at, from + packed, bytes);
  });
}

void SlotAccess::read(const std::byte* base, std::int64_t outer, std::int64_t slot,
                      std::byte* to) const {
  for_each_run(*this, outer, slot, [&](std::int64_t at, std::size_t packed, std::size_t bytes) {
    std::memcpy(to + packed, base + at, bytes);
  });
}

}  // namespace attest::properties
