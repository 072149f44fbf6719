// Lengths of sequences, heads and head dims, within a budget of multiply-adds.
#include <algorithm>
#include <utility>
#include <vector>

#include "properties/generate_parts.h"

namespace attest::properties {

using kernels::KernelInfo;
using problem::KvLayout;
using problem::Problem;
using problem::Sequence;

namespace {

/// Multiply-adds of ordinary and of large cases: small cases are worth more per second and shrink
/// well.
constexpr std::int64_t kOrdinaryWork = 20'000;
constexpr std::int64_t kLargeWork = 2'000'000;

std::int64_t work_of(const Problem& problem) {
  std::int64_t pairs = 0;
  for (const Sequence& sequence : problem.sequences)
    pairs += sequence.q_len * std::max<std::int64_t>(sequence.kv_len, 1);
  return pairs * problem.num_q_heads * (problem.head_dim_qk + problem.head_dim_v);
}

/// Fewer heads, first of a group, then groups, until the work fits.
void cut_heads(const KernelInfo& info, std::int64_t most, Problem& problem) {
  while (work_of(problem) > most && problem.num_q_heads > problem.num_kv_heads &&
         kernels::contains(info.capabilities.group, problem.group() - 1)) {
    problem.num_q_heads -= problem.num_kv_heads;
  }
  while (work_of(problem) > most && problem.num_kv_heads > 1 &&
         kernels::contains(info.capabilities.num_kv_heads, problem.num_kv_heads - 1)) {
    problem.num_q_heads -= problem.group();
    --problem.num_kv_heads;
  }
}

/// Keys that hold the values in their first lanes, as multi-head latent attention has them: 576 and
/// 512 in models, smaller here.
void draw_latent_dims(Draw& draw, const KernelInfo& info, const Limits& limits,
                      std::int64_t multiple, Problem& problem) {
  using Pair = std::pair<std::int64_t, std::int64_t>;
  const std::vector<Pair> all{{576, 512}, {288, 256}, {144, 128}, {72, 64}, {40, 32}, {24, 16},
                              {16, 8},    {9, 8},     {5, 4},     {3, 2},   {2, 1},   {1, 1}};
  const auto& caps = info.capabilities;
  const auto fits = [&](const Pair& pair) {
    const auto [qk, v] = pair;
    const bool v_fits =
        v == qk || (info.has(ATTEST_FEATURE_HEAD_DIM_V) && kernels::contains(caps.head_dim_v, v));
    return v_fits && kernels::contains(caps.head_dim_qk, qk) && qk % multiple == 0;
  };
  std::vector<Pair> pairs;
  std::copy_if(all.begin(), all.end(), std::back_inserter(pairs), fits);
  if (pairs.empty()) {
    const std::int64_t dim = members(caps.head_dim_qk, {multiple}).front();
    pairs.emplace_back(dim, dim);
  }
  const bool large = draw.chance(12);
  const auto last = static_cast<std::int64_t>(pairs.size()) - 1;
  // Model sizes come first in the list, rarely in cases, and may then cost more.
  const std::int64_t third = std::min<std::int64_t>(3, last);
  std::int64_t at = large ? draw.between(0, third) : draw.between(third, last);
  const std::int64_t most = limits.work * (large ? 5 : 1);
  const auto take = [&] {
    problem.head_dim_qk = pairs[static_cast<std::size_t>(at)].first;
    problem.head_dim_v = pairs[static_cast<std::size_t>(at)].second;
  };
  take();
  cut_heads(info, most, problem);
  while (work_of(problem) > most && at < last) {
    ++at;
    take();
  }
}

}  // namespace

Limits draw_limits(Draw& draw) {
  const std::int64_t kind = draw.between(0, 99);
  const std::int64_t growth = 1 + draw.size() / 25;  // 1..5
  if (kind < 60) return {2 + 3 * growth, 1 + 2 * growth, 4, kOrdinaryWork};
  if (kind < 95) return {12 * growth, 5 * growth, 8, kOrdinaryWork * 2};
  return {70 * growth, 20 * growth, 16, kLargeWork / 6 * growth / 5};
}

void draw_sequences(Draw& draw, const KernelInfo& info, const Wish& wish, const Limits& limits,
                    std::int64_t page, Problem& problem) {
  std::vector<std::int64_t> batches{1, 1, 2, 2, 3, 4};
  if (wish.many_sequences) batches = {2, 2, 3, 4, 5};
  const std::int64_t batch = draw.pick(members(info.capabilities.batch, batches));
  const auto& caps = info.capabilities;
  std::int64_t common_q = -1;
  for (std::int64_t b = 0; b < batch; ++b) {
    Sequence sequence;
    sequence.kv_len = draw_length(draw, page, limits.kv_len);
    if (wish.empties && draw.chance(35)) sequence.kv_len = draw.between(0, 1);
    if (wish.single_keys && draw.chance(40)) sequence.kv_len = 1;
    if (sequence.kv_len == 0 && !info.has(ATTEST_FEATURE_EMPTY_KV)) sequence.kv_len = 1;
    if (sequence.kv_len > 0 && !kernels::contains(caps.kv_len, sequence.kv_len)) {
      sequence.kv_len = members(caps.kv_len, {1, 2, 4, 8, 16, 32}).front();
    }
    // Decode, whole prompt, chunk in the middle of a prompt, more rows than keys.
    const std::int64_t kind = draw.between(0, 9);
    std::int64_t q_len = 1;
    if (kind < 3 && !wish.many_rows) {
      q_len = 1;
    } else if (kind < 6) {
      q_len = std::min(sequence.kv_len, limits.q_len);
    } else if (kind < 9) {
      q_len = draw.between(1, std::min(limits.q_len, std::max<std::int64_t>(sequence.kv_len, 1)));
    } else {
      q_len = sequence.kv_len + draw.between(0, 3);
    }
    if (wish.many_rows) q_len = std::max<std::int64_t>(q_len, 2);
    if (draw.chance(wish.empties ? 25 : 5)) q_len = 0;
    if (q_len == 0 && !info.has(ATTEST_FEATURE_EMPTY_Q)) q_len = 1;
    if (!info.has(ATTEST_FEATURE_RAGGED)) {
      if (common_q < 0) common_q = q_len;
      q_len = common_q;
    }
    if (q_len > sequence.kv_len && sequence.kv_len > 0 && !info.has(ATTEST_FEATURE_Q_LONGER)) {
      if (info.has(ATTEST_FEATURE_RAGGED)) {
        q_len = sequence.kv_len;
      } else {
        sequence.kv_len = q_len;
      }
    }
    if (q_len > 0 && !kernels::contains(caps.q_len, q_len)) {
      q_len = members(caps.q_len, {1, 2, 3, 4, 8}).front();
    }
    sequence.q_len = q_len;
    if (info.has(ATTEST_FEATURE_START_POS) && !wish.plain_scores && q_len > 0 && draw.chance(12)) {
      sequence.start_pos = draw.between(0, sequence.kv_len + 2);
    }
    if (info.conventions.causal_alignment == ATTEST_CAUSAL_TOP_LEFT) sequence.start_pos = 0;
    problem.sequences.push_back(sequence);
  }
}

void draw_heads(Draw& draw, const KernelInfo& info, const Limits& limits, bool one_kv_head,
                Problem& problem) {
  problem.num_kv_heads = draw.pick(members(info.capabilities.num_kv_heads, {1, 1, 2, 2, 3, 4, 8}));
  const std::int64_t few =
      std::min(problem.num_kv_heads, std::max<std::int64_t>(limits.heads / 2, 1));
  if (kernels::contains(info.capabilities.num_kv_heads, few)) problem.num_kv_heads = few;
  if (one_kv_head) problem.num_kv_heads = 1;
  const std::int64_t group = draw.pick(members(info.capabilities.group, {1, 1, 2, 2, 3, 4, 7, 8}));
  problem.num_q_heads = problem.num_kv_heads * group;
}

/// Head dims: edges and the sizes models use; the work limit keeps products small.
void draw_head_dims(Draw& draw, const KernelInfo& info, const Limits& limits, KvLayout layout,
                    Problem& problem) {
  const auto& caps = info.capabilities;
  const std::int64_t multiple = head_dim_multiple(info, layout, problem.k_dtype);
  if (problem.v_is_k_prefix) return draw_latent_dims(draw, info, limits, multiple, problem);
  std::vector<std::int64_t> dims{1, 2, 3, 4, 4, 8, 8, 16, 16, 17, 32, 33};
  if (draw.chance(15)) dims = {40, 64, 80, 96, 112, 128, 192, 256};
  const auto off = [multiple](std::int64_t dim) { return dim % multiple != 0; };
  if (std::all_of(dims.begin(), dims.end(), off)) dims = {16, 32, 48, 64, 128};
  std::erase_if(dims, off);
  if (multiple > 1) dims.push_back(multiple);
  problem.head_dim_qk = draw.pick(members(caps.head_dim_qk, dims));
  problem.head_dim_v = problem.head_dim_qk;
  const bool apart = layout != KvLayout::kPagedInterleaved && draw.chance(30);
  if (info.has(ATTEST_FEATURE_HEAD_DIM_V) && apart) {
    std::vector<std::int64_t> others{1, 2, 3, 5, 8, 16, 24};
    if (caps.stride_alignment > 1) std::erase_if(others, off);
    if (others.empty()) others.push_back(multiple);
    problem.head_dim_v = draw.pick(members(caps.head_dim_v, others));
  }
  cut_heads(info, limits.work, problem);
  for (std::int64_t dim : {16, 8, 4, 2, 1}) {
    if (work_of(problem) <= limits.work) break;
    if (dim < problem.head_dim_qk && !off(dim) && kernels::contains(caps.head_dim_qk, dim)) {
      problem.head_dim_qk = problem.head_dim_v = dim;
    }
  }
}

}  // namespace attest::properties
