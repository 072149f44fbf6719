// Sequences longer than 16 bits count: where an index of a key overflows.
#include <numeric>

#include "properties/generate_parts.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::Case;
using problem::KvLayout;
using problem::KvStorage;
using problem::Problem;

void make_long(Draw& draw, const KernelInfo& info, Case& value) {
  const auto& caps = info.capabilities;
  const Problem& drawn = value.problem();
  const std::int64_t length =
      draw.pick(std::vector<std::int64_t>{32768, 32769, 32770, 65536, 65537});
  std::int64_t dim = 0;
  for (const std::int64_t candidate : {2, 4, 8, 16}) {
    if (dim == 0 && kernels::contains(caps.head_dim_qk, candidate)) dim = candidate;
  }
  const bool plain_layout = value.storage.layout <= KvLayout::kPagedHND && !drawn.v_is_k_prefix;
  const bool fits = kernels::contains(caps.kv_len, length) && kernels::contains(caps.q_len, 1) &&
                    kernels::contains(caps.batch, 1) && kernels::contains(caps.num_kv_heads, 1) &&
                    kernels::contains(caps.group, 1);
  if (!fits || !plain_layout || dim == 0) return;

  Problem problem;
  problem.sequences = {{.q_len = 1, .kv_len = length}};
  problem.head_dim_qk = problem.head_dim_v = dim;
  problem.q_dtype = drawn.q_dtype;
  problem.k_dtype = drawn.k_dtype;
  problem.v_dtype = drawn.v_dtype;
  problem.o_dtype = drawn.o_dtype;
  problem.scale = drawn.scale;
  problem.mask.causal = drawn.mask.causal;
  if (info.conventions.causal_alignment == ATTEST_CAUSAL_TOP_LEFT && problem.mask.causal) return;

  KvStorage storage;
  storage.layout = value.storage.layout;
  if (problem::is_paged(storage.layout)) {
    storage.page_size = members(caps.page_size, {64, 128, 32, 16, 8}).front();
    storage.num_pages = (length + storage.page_size - 1) / storage.page_size;
    auto& row = storage.block_table.emplace_back(static_cast<std::size_t>(storage.num_pages));
    std::iota(row.rbegin(), row.rend(), 0);
  }
  const problem::Values values{.distribution = problem::Distribution::kNeedle,
                               .seed = value.values.seed,
                               .needle = draw.between(32767, length - 1)};
  value = problem::make_case(std::move(problem));
  value.storage = std::move(storage);
  value.values = values;
}

}  // namespace attest::properties
