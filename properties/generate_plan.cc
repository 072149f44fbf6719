// Partitions of the keys with their merge trees, and chunks of the queries.
#include <algorithm>
#include <numeric>

#include "properties/generate.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::Case;
using problem::Problem;
using problem::Sequence;

namespace {

constexpr std::int64_t kMostKeysOutnumbered = 34;  // two blocks of 16 and a bit

}  // namespace

void draw_parts(Draw& draw, const KernelInfo& info, Case& value) {
  const Problem& problem = value.problem();
  std::int64_t parts = draw.pick(std::vector<std::int64_t>{1, 2, 2, 3, 4, 5, 9});
  // More parts than keys: some are empty wherever the cuts are.
  const bool more_than_keys = draw.chance(25);
  if (more_than_keys && problem.max_kv_len() <= kMostKeysOutnumbered)
    parts = problem.max_kv_len() + draw.between(1, 2);
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
