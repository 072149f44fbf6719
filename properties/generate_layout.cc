// The generators of lengths, pages, partitions and chunks: where boundaries are put.
#include <algorithm>
#include <numeric>

#include "properties/generate.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::Case;
using problem::Problem;
using problem::Sequence;

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

void draw_parts(Draw& draw, const KernelInfo& info, Case& value) {
  const Problem& problem = value.problem();
  const std::int64_t parts = draw.pick(std::vector<std::int64_t>{1, 2, 2, 3, 4, 5, 9});
  value.plan.parts.assign(static_cast<std::size_t>(parts), {});
  for (const Sequence& sequence : problem.sequences) {
    std::vector<std::int64_t> cuts{0, sequence.kv_len};
    for (std::int64_t i = 1; i < parts; ++i) cuts.push_back(draw.between(0, sequence.kv_len));
    std::sort(cuts.begin(), cuts.end());
    std::vector<problem::Range> ranges;
    for (std::int64_t i = 0; i < parts; ++i) ranges.push_back({cuts[i], cuts[i + 1]});
    if (draw.chance(30)) draw.shuffle(ranges);
    for (std::int64_t i = 0; i < parts; ++i) value.plan.parts[i].push_back(ranges[i]);
  }
  if (parts == 1) return;
  const bool many = info.has(ATTEST_FEATURE_MERGE_MANY);
  std::vector<std::int32_t> open(static_cast<std::size_t>(parts));
  std::iota(open.begin(), open.end(), 0);
  auto next = static_cast<std::int32_t>(parts);
  while (open.size() > 1) {
    const std::int64_t arity = many ? draw.between(2, static_cast<std::int64_t>(open.size())) : 2;
    draw.shuffle(open);
    value.plan.merges.emplace_back(open.end() - arity, open.end());
    open.resize(open.size() - static_cast<std::size_t>(arity));
    open.push_back(next++);
  }
}

void draw_chunks(Draw& draw, Case& value) {
  const Problem& problem = value.problem();
  const std::int64_t count = draw.between(2, 4);
  value.plan.chunks.clear();
  for (const Sequence& sequence : problem.sequences) {
    std::vector<std::int64_t> cuts{0, sequence.q_len};
    for (std::int64_t i = 1; i < count; ++i) cuts.push_back(draw.between(0, sequence.q_len));
    std::sort(cuts.begin(), cuts.end());
    auto& chunks = value.plan.chunks.emplace_back();
    for (std::int64_t i = 0; i < count; ++i) chunks.push_back(cuts[i + 1] - cuts[i]);
  }
}

}  // namespace attest::properties
