// Sequences longer than 16 bits count: where an index of a key overflows.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "properties/generate_parts.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::Case;
using problem::KvLayout;
using problem::KvStorage;
using problem::Problem;

namespace {

constexpr int kSizeOfLongCases = 30;  // cases of all sizes take turns: one in 101

/// The first of the layouts without head dims of their own that the kernel declares.
std::optional<KvLayout> plain_layout(const KernelInfo& info) {
  for (const KvLayout layout :
       {KvLayout::kPagedNHD, KvLayout::kPagedHND, KvLayout::kContiguous, KvLayout::kPadded}) {
    const auto bit = ATTEST_LAYOUT_BIT(static_cast<unsigned>(layout));
    if ((info.capabilities.layouts & bit) != 0) return layout;
  }
  return std::nullopt;
}

std::optional<std::int64_t> small_head_dim(const KernelInfo& info) {
  const std::int64_t step = std::max(info.capabilities.stride_alignment, 1);  // packed rows keep it
  for (const std::int64_t dim : {2, 4, 8, 16}) {
    if (dim % step == 0 && kernels::contains(info.capabilities.head_dim_qk, dim)) return dim;
  }
  return std::nullopt;
}

bool takes_one_row(const KernelInfo& info, std::int64_t length) {
  const auto& caps = info.capabilities;
  return kernels::contains(caps.kv_len, length) && kernels::contains(caps.q_len, 1) &&
         kernels::contains(caps.batch, 1) && kernels::contains(caps.num_kv_heads, 1) &&
         kernels::contains(caps.group, 1) &&
         info.conventions.causal_alignment == ATTEST_CAUSAL_BOTTOM_RIGHT;
}

}  // namespace

void make_some_long(Draw& draw, const KernelInfo& info, Case& value) {
  if (draw.size() != kSizeOfLongCases) return;
  // The last key is the first whose index does not fit, or one past 16 bits without a sign.
  const std::int64_t length = draw.pick(std::vector<std::int64_t>{32769, 32770, 65537});
  const auto layout = plain_layout(info);
  const auto dim = small_head_dim(info);
  if (!layout || !dim || !takes_one_row(info, length)) return;

  const Problem& drawn = value.problem();
  Problem problem;
  problem.sequences = {{.q_len = 1, .kv_len = length}};
  problem.head_dim_qk = problem.head_dim_v = *dim;
  problem.q_dtype = drawn.q_dtype;
  problem.k_dtype = drawn.k_dtype;
  problem.v_dtype = drawn.v_dtype;
  problem.o_dtype = drawn.o_dtype;
  problem.scale = drawn.scale;
  problem.mask.causal = drawn.mask.causal;

  KvStorage storage;
  storage.layout = *layout;
  if (problem::is_paged(*layout)) {
    storage.page_size = members(info.capabilities.page_size, {64, 128, 32, 16, 8}).front();
    storage.num_pages = (length + storage.page_size - 1) / storage.page_size;
    auto& row = storage.block_table.emplace_back(static_cast<std::size_t>(storage.num_pages));
    std::iota(row.rbegin(), row.rend(), 0);
  }
  const problem::Values values{.distribution = problem::Distribution::kNeedle,
                               .seed = value.values.seed,
                               .needle = length - 1};
  value = problem::make_case(std::move(problem));
  value.storage = std::move(storage);
  value.values = values;
}

}  // namespace attest::properties
