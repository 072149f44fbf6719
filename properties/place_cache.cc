#include <algorithm>
#include <limits>
#include <vector>

#include "properties/cache.h"
#include "properties/junk.h"
#include "properties/placement_parts.h"
#include "properties/slots.h"
#include "properties/tensor_views.h"

namespace attest::properties {
namespace {

using kernels::Launch;
using kernels::Role;
using problem::CacheSteps;
using problem::KvStorage;
using problem::Poison;
using problem::PoisonKind;
using problem::PoisonPlace;
using problem::Problem;

std::int32_t tail_entry(PoisonKind kind, std::int64_t num_pages, std::uint64_t junk) {
  switch (kind) {
    case PoisonKind::kNaN:
      return -1;
    case PoisonKind::kPlusInf:
      return std::numeric_limits<std::int32_t>::max();
    case PoisonKind::kMinusInf:
      return std::numeric_limits<std::int32_t>::min();
    case PoisonKind::kLargest:
      return static_cast<std::int32_t>(num_pages);
    case PoisonKind::kDominating:
      return static_cast<std::int32_t>(junk % static_cast<std::uint64_t>(num_pages));
  }
  return -1;
}

/// What lies where no sequence's page ids are: junk ids of the pool, or what poison leaves.
class TableTail {
 public:
  explicit TableTail(const Scene& scene) : scene_(scene) {}
  std::int32_t entry(std::size_t position) const {
    const std::int64_t num_pages = scene_.storage.num_pages;
    const std::uint64_t junk = mix(scene_.junk_seed + 3, position);
    std::int32_t entry = tail_entry(PoisonKind::kDominating, num_pages, junk);
    for (const Poison& poison : scene_.poisons) {
      if (poison.place == PoisonPlace::kTableTail) entry = tail_entry(poison.kind, num_pages, junk);
    }
    return entry;
  }

 private:
  const Scene& scene_;
};

void place_rows(const Scene& scene, Launch& launch, attest_attend& call) {
  const KvStorage& storage = scene.storage;
  const TableTail tail(scene);
  std::size_t columns = 0;
  for (const auto& row : storage.block_table) columns = std::max(columns, row.size());
  columns += static_cast<std::size_t>(storage.extra_table_columns);
  std::vector<std::int32_t> table;
  table.reserve(columns * storage.block_table.size());
  for (const auto& row : storage.block_table) {
    table.insert(table.end(), row.begin(), row.end());
    for (std::size_t column = row.size(); column < columns; ++column) {
      table.push_back(tail.entry(table.size()));
    }
  }
  call.block_table = launch.ints("block_table", table);
  call.max_blocks = static_cast<std::int32_t>(columns);
}

/// Rows one after the other; the tail is behind the last.
void place_csr(const Scene& scene, Launch& launch, attest_attend& call) {
  const KvStorage& storage = scene.storage;
  const TableTail tail(scene);
  std::vector<std::int32_t> indptr{0}, indices, last;
  for (std::size_t b = 0; b < storage.block_table.size(); ++b) {
    const auto& row = storage.block_table[b];
    indices.insert(indices.end(), row.begin(), row.end());
    indptr.push_back(static_cast<std::int32_t>(indices.size()));
    const std::int64_t kv_len = scene.problem.sequences[b].kv_len;
    last.push_back(
        static_cast<std::int32_t>(kv_len == 0 ? 0 : (kv_len - 1) % storage.page_size + 1));
  }
  for (std::int64_t i = 0; i < storage.extra_table_columns; ++i) {
    indices.push_back(tail.entry(indices.size()));
  }
  call.block_indptr = launch.ints("block_indptr", indptr);
  call.block_indices = launch.ints("block_indices", indices);
  call.last_page_len = launch.ints("last_page_len", last);
}

/// The buffer that begins with K, or V's own: in memory, or in a window when the pool is larger.
attest_tensor add_buffer(const Scene& scene, const kernels::KernelInfo& info, const Slots& slots,
                         bool is_k, Launch& launch) {
  const CacheSteps& steps = slots.steps();
  const problem::Gaps& gaps = is_k ? scene.storage.strides.k : scene.storage.strides.v;
  const char* name = is_k ? "k" : "v";
  const attest_tensor view = cache_view(scene.problem, scene.storage, steps, is_k);
  const std::int64_t elements = is_k ? steps.k_elements : steps.v_elements;
  const std::uint64_t salt = is_k ? 8 : 9;
  const auto type = static_cast<problem::DType>(view.dtype);
  if (!slots.sparse()) {
    const attest_tensor tensor = launch.strided(name, Role::kInput, view, elements);
    auto* data = static_cast<std::byte*>(tensor.data);
    if (!gaps.packed()) fill_input_gaps(scene, info, type, data, 0, elements, salt);
    return tensor;
  }
  const std::int64_t outer = is_k ? steps.k.outer : steps.v.outer;
  const auto unit = static_cast<std::int64_t>(problem::size_of(type));
  std::vector<Launch::Bytes> laid;
  for (const std::int64_t page : slots.laid()) {
    laid.push_back(
        {static_cast<std::size_t>(page * outer * unit), static_cast<std::size_t>(outer * unit)});
  }
  const attest_tensor tensor = launch.in_window(name, is_k ? 0 : 1, view, elements, laid);
  for (const std::int64_t page : slots.laid()) {
    if (gaps.packed()) break;
    fill_input_gaps(scene, info, type, static_cast<std::byte*>(tensor.data), page * outer, outer,
                    salt);
  }
  return tensor;
}

}  // namespace

void place_cache(const Scene& scene, const kernels::KernelInfo& info, Launch& launch,
                 attest_attend& call) {
  const Problem& problem = scene.problem;
  const Slots slots(problem, scene.storage);
  const CacheSteps& steps = slots.steps();
  if (scene.storage.layout == problem::KvLayout::kContiguous) {
    call.cu_seqlens_k = launch.ints("cu_seqlens_k", slots.first());
  }
  std::vector<SlotInfo> uses;
  if (!scene.poisons.empty()) uses = classify_slots(scene, slots);
  const std::vector<SlotInfo>* poisoned = scene.poisons.empty() ? nullptr : &uses;

  call.k = add_buffer(scene, info, slots, true, launch);
  fill_cache(scene, info, slots, poisoned, true, static_cast<std::byte*>(call.k.data));
  if (steps.v_in_k) {
    call.v = cache_view(problem, scene.storage, steps, false);
    call.v.data = static_cast<std::byte*>(call.k.data) +
                  static_cast<std::size_t>(steps.v_first) * problem::size_of(problem.k_dtype);
  } else {
    call.v = add_buffer(scene, info, slots, false, launch);
  }
  if (!problem.v_is_k_prefix) {
    fill_cache(scene, info, slots, poisoned, false, static_cast<std::byte*>(call.v.data));
  }

  if (!slots.paged()) return;
  call.page_size = static_cast<std::int32_t>(scene.storage.page_size);
  call.num_pages = scene.storage.num_pages;
  if (info.has(ATTEST_FEATURE_TABLE_CSR)) {
    place_csr(scene, launch, call);
  } else {
    place_rows(scene, launch, call);
  }
}

}  // namespace attest::properties
