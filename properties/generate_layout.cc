// The generators of lengths, layouts, pages and strides: where boundaries are put.
#include <algorithm>
#include <numeric>
#include <optional>

#include "problem/kv_steps.h"
#include "properties/generate_parts.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::DType;
using problem::Gaps;
using problem::KvLayout;
using problem::KvStorage;
using problem::Problem;
using problem::Sequence;

namespace {

bool declares(const KernelInfo& info, KvLayout layout) {
  return (info.capabilities.layouts & ATTEST_LAYOUT_BIT(static_cast<unsigned>(layout))) != 0;
}

/// Whether the kernel's sets have a head dim for each of the types its cache may have.
bool has_x_split_dims(const KernelInfo& info) {
  const auto& caps = info.capabilities;
  const std::uint32_t types = caps.kv_dtypes != 0 ? caps.kv_dtypes : caps.q_dtypes;
  for (const DType type : problem::all_dtypes()) {
    if ((types & ATTEST_DTYPE_BIT(static_cast<unsigned>(type))) == 0) continue;
    // Keys step from token to token by x.
    const std::int64_t unit = std::max<std::int64_t>(caps.stride_alignment, 1);
    if (problem::x_of(type) % unit != 0) return false;
    const std::int64_t multiple = head_dim_multiple(info, KvLayout::kPagedXSplit, type);
    bool found = false;
    for (std::int64_t dim = multiple; dim <= 1024 && !found; dim += multiple)
      found = kernels::contains(caps.head_dim_qk, dim);
    if (!found) return false;
  }
  return true;
}

bool drawable(const KernelInfo& info, KvLayout layout) {
  if (!declares(info, layout)) return false;
  if (layout == KvLayout::kPagedXSplit) return has_x_split_dims(info);
  if (layout != KvLayout::kMlaLatent) return true;
  return info.has(ATTEST_FEATURE_V_IS_K_PREFIX) &&
         kernels::contains(info.capabilities.num_kv_heads, 1);
}

/// Gaps as views have them: rows inside a wider row, padded heads, every second lane, pages of a
/// shared pool. `unit`: the granularity of strides.
Gaps draw_gaps(Draw& draw, std::int64_t unit, bool has_outer) {
  Gaps gaps;
  const auto some = [&](int percent, std::int64_t most) {
    const bool there = draw.chance(percent);
    const std::int64_t gap = draw.between(1, most);
    return there ? gap * unit : 0;
  };
  gaps.token = some(50, 8);
  gaps.head = some(35, 5);
  gaps.lane = unit == 1 ? some(25, 2) : 0;
  gaps.outer = has_outer ? some(35, 16) : 0;
  return gaps;
}

problem::Strides draw_strides(Draw& draw, const KernelInfo& info, KvLayout layout, bool v_in_k) {
  problem::Strides strides;
  if (!info.has(ATTEST_FEATURE_STRIDES) || !draw.chance(35)) return strides;
  const std::int64_t unit = std::max<std::int64_t>(info.capabilities.stride_alignment, 1);
  const bool has_outer = layout != KvLayout::kContiguous;
  const auto one = [&](bool outer) {
    const Gaps gaps = draw_gaps(draw, unit, outer);
    return draw.chance(55) ? gaps : Gaps{};
  };
  strides.q = one(false);
  strides.q.one_head = draw.chance(6);
  strides.k = one(has_outer);
  strides.k.one_head = draw.chance(8);
  const Gaps v = one(has_outer);
  const bool one_v_head = draw.chance(8);
  if (!v_in_k) {
    strides.v = v;
    strides.v.one_head = one_v_head;
  }
  strides.o = one(false);
  strides.lse = one(false);
  strides.lse.lane = 0;
  return strides;
}

}  // namespace

KvLayout draw_layout(Draw& draw, const KernelInfo& info, const Wish& wish) {
  std::vector<KvLayout> layouts;
  for (int i = 0; i < problem::kNumKvLayouts; ++i) {
    const auto layout = static_cast<KvLayout>(i);
    if (wish.paged && !problem::is_paged(layout)) continue;
    if (drawable(info, layout)) layouts.push_back(layout);
  }
  return layouts.empty() ? KvLayout::kContiguous : draw.pick(layouts);
}

std::int64_t head_dim_multiple(const KernelInfo& info, KvLayout layout, DType k_dtype) {
  const std::int64_t unit = std::max<std::int64_t>(info.capabilities.stride_alignment, 1);
  return layout == KvLayout::kPagedXSplit ? std::lcm(unit, problem::x_of(k_dtype)) : unit;
}

std::int64_t draw_page_size(Draw& draw, const KernelInfo& info, KvLayout layout) {
  std::vector<std::int64_t> sizes{1, 2, 3, 4, 4, 5, 8, 8, 16, 16, 32};
  const std::int64_t unit = info.capabilities.stride_alignment;
  // Values of the x-split layout step from lane to lane by pages.
  if (layout == KvLayout::kPagedXSplit && unit > 1) {
    std::erase_if(sizes, [unit](std::int64_t size) { return size % unit != 0; });
  }
  return draw.pick(members(info.capabilities.page_size, sizes));
}

KvStorage draw_storage(Draw& draw, const KernelInfo& info, const Wish& wish, KvLayout layout,
                       std::int64_t page_size, const Problem& problem) {
  KvStorage storage;
  if (problem::is_paged(layout)) {
    const bool shared = draw.chance(wish.shared_pages ? 100 : 15);
    storage = draw_paged_storage(draw, problem, page_size, shared);
  } else if (layout == KvLayout::kContiguous) {
    storage.gap_tokens = draw.between(0, 3);
  }
  storage.layout = layout;
  const bool v_in_k = problem.v_is_k_prefix || layout == KvLayout::kPagedInterleaved;
  storage.strides = draw_strides(draw, info, layout, v_in_k);
  return storage;
}

std::int64_t draw_length(Draw& draw, std::int64_t page_size, std::int64_t limit) {
  // Tiles of keys are 8 to 128 long; a large tile in a small case now and then, since that is where
  // it ends.
  const std::int64_t tile = draw.pick(std::vector<std::int64_t>{8, 16, 16, 32, 64, 128});
  const bool stretch = draw.chance(20);
  const std::int64_t fitting = tile < limit || stretch ? tile : 16;
  const std::int64_t base = page_size > 1 && draw.chance(60) ? page_size : fitting;
  const std::int64_t times = draw.between(1, std::max<std::int64_t>(limit / base, 1));
  const std::int64_t kind = draw.between(0, 9);
  std::int64_t length = 0;
  if (kind < 3) {
    length = draw.between(0, 3);
  } else if (kind < 7) {
    length = times * base + draw.between(-1, 1);
    limit = std::max(limit, stretch ? base + 1 : limit);
  } else {
    length = draw.between(0, limit);
  }
  return std::clamp<std::int64_t>(length, 0, std::max<std::int64_t>(limit, 1));
}

problem::KvStorage draw_paged_storage(Draw& draw, const Problem& problem, std::int64_t page_size,
                                      bool shared) {
  problem::KvStorage storage;
  storage.layout = problem::KvLayout::kPagedNHD;
  storage.page_size = page_size;
  std::int64_t used = 0;
  for (const Sequence& sequence : problem.sequences)
    used += (sequence.kv_len + page_size - 1) / page_size;
  storage.num_pages = std::max<std::int64_t>(used + draw.between(0, 4), 1);
  std::vector<std::int32_t> pool(static_cast<std::size_t>(storage.num_pages));
  std::iota(pool.begin(), pool.end(), 0);
  if (!draw.chance(15)) draw.shuffle(pool);
  std::size_t next = 0;
  for (const Sequence& sequence : problem.sequences) {
    const std::int64_t count = (sequence.kv_len + page_size - 1) / page_size;
    std::vector<std::int32_t> row;
    if (shared && !storage.block_table.empty() && !storage.block_table.front().empty()) {
      const auto& prefix = storage.block_table.front();
      const auto most = std::min<std::int64_t>(count, static_cast<std::int64_t>(prefix.size()));
      row.assign(prefix.begin(), prefix.begin() + draw.between(0, most));
    }
    while (static_cast<std::int64_t>(row.size()) < count) row.push_back(pool[next++]);
    storage.block_table.push_back(std::move(row));
  }
  storage.extra_table_columns = draw.between(0, 3);
  return storage;
}

}  // namespace attest::properties
