#include "shrinkers/repair.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "shrinkers/repair_parts.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Extent;
using problem::Override;
using problem::Problem;
using problem::Range;
using problem::Scales;
using problem::Tensor;

namespace {

template <typename T>
void keep_entries(std::vector<T>& entries, const std::vector<std::int64_t>& kept) {
  if (entries.empty()) return;
  std::vector<T> left;
  left.reserve(kept.size());
  for (const std::int64_t i : kept) left.push_back(std::move(entries[static_cast<std::size_t>(i)]));
  entries = std::move(left);
}

// Scales are per tensor, per head, or per sequence and head.
void keep_scales(Scales& scales, std::int64_t batch, std::int64_t heads,
                 const std::vector<std::int64_t>& kept_sequences,
                 const std::vector<std::int64_t>& kept_heads) {
  const auto size = static_cast<std::int64_t>(scales.size());
  if (size <= 1) return;
  if (size == heads) return keep_entries(scales, kept_heads);
  if (size != batch * heads) return;
  std::vector<std::int64_t> kept;
  for (const std::int64_t b : kept_sequences) {
    for (const std::int64_t head : kept_heads) kept.push_back(b * heads + head);
  }
  keep_entries(scales, kept);
}

std::vector<std::int64_t> first(std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

// The position of `index` in an ascending list, or nothing.
std::optional<std::int64_t> position_in(const std::vector<std::int64_t>& kept, std::int64_t index) {
  const auto found = std::lower_bound(kept.begin(), kept.end(), index);
  if (found == kept.end() || *found != index) return std::nullopt;
  return found - kept.begin();
}

// Lets `edit` change each override or, by returning false, drop it.
template <typename Edit>
void edit_overrides(Case& value, Edit edit) {
  std::erase_if(value.values.overrides, [&](Override& entry) { return !edit(entry); });
}

void clamp_needle(Case& value) {
  const std::int64_t last = std::max<std::int64_t>(value.problem().max_kv_len() - 1, 0);
  value.values.needle = std::clamp<std::int64_t>(value.values.needle, 0, last);
}

std::int64_t page_count(std::int64_t tokens, std::int64_t page_size) {
  return (tokens + page_size - 1) / page_size;
}

}  // namespace

Case keep_sequences(const Case& base, const std::vector<std::int64_t>& kept) {
  Case result = base;
  Problem& problem = result.problem();
  const std::int64_t batch = problem.batch();

  const std::vector<std::int64_t> kv_heads = first(problem.num_kv_heads);
  keep_scales(problem.q_scale, batch, problem.num_q_heads, kept, first(problem.num_q_heads));
  keep_scales(problem.k_scale, batch, problem.num_kv_heads, kept, kv_heads);
  keep_scales(problem.v_scale, batch, problem.num_kv_heads, kept, kv_heads);
  keep_entries(problem.sequences, kept);
  keep_entries(problem.mask.tree, kept);
  keep_entries(problem.mask.custom, kept);
  keep_entries(result.program.calls.front().sequences, kept);
  keep_entries(result.storage.block_table, kept);
  keep_entries(result.plan.chunks, kept);
  for (std::vector<Range>& part : result.plan.parts) keep_entries(part, kept);

  edit_overrides(result, [&](Override& entry) {
    const std::optional<std::int64_t> number = position_in(kept, entry.sequence);
    entry.sequence = number.value_or(-1);
    return number.has_value();
  });
  clamp_needle(result);
  return result;
}

Case remove_tokens(const Case& base, std::int64_t sequence, Range rows, Range keys) {
  Case result = base;
  Problem& problem = result.problem();
  const auto b = static_cast<std::size_t>(sequence);
  const std::int64_t old_kv_len = problem.sequences[b].kv_len;

  remove_from_mask(problem, b, rows, keys);
  problem::Sequence& lengths = problem.sequences[b];
  if (lengths.start_pos) {
    const std::int64_t first_row_left = rows.begin == 0 ? rows.end : 0;
    const std::int64_t moved = *lengths.start_pos + first_row_left;
    lengths.start_pos = moved - removed_before(keys, moved);
  }
  lengths.q_len -= rows.end - rows.begin;
  lengths.kv_len -= keys.end - keys.begin;

  if (problem::is_paged(result.storage.layout)) {
    const std::int64_t pages = page_count(lengths.kv_len, result.storage.page_size);
    result.storage.block_table[b].resize(static_cast<std::size_t>(pages));
  }
  remove_from_plan(result.plan, b, rows, keys);

  edit_overrides(result, [&](Override& entry) {
    if (entry.sequence != sequence) return true;
    std::optional<std::int64_t> token;
    if (entry.tensor == Tensor::kQ) {
      token = index_after(rows, entry.token);
    } else if (entry.tensor == Tensor::kBias) {
      const auto row = index_after(rows, entry.token / old_kv_len);
      const auto key = index_after(keys, entry.token % old_kv_len);
      if (row && key) token = *row * lengths.kv_len + *key;
    } else {
      token = index_after(keys, entry.token);
    }
    entry.token = token.value_or(-1);
    return token.has_value();
  });
  clamp_needle(result);
  return result;
}

Case keep_heads(const Case& base, const std::vector<std::int64_t>& kept_q,
                const std::vector<std::int64_t>& kept_kv) {
  Case result = base;
  Problem& problem = result.problem();
  const std::vector<std::int64_t> sequences = first(problem.batch());
  keep_scales(problem.q_scale, problem.batch(), problem.num_q_heads, sequences, kept_q);
  keep_scales(problem.k_scale, problem.batch(), problem.num_kv_heads, sequences, kept_kv);
  keep_scales(problem.v_scale, problem.batch(), problem.num_kv_heads, sequences, kept_kv);
  keep_entries(problem.alibi_slopes, kept_q);
  keep_entries(problem.sinks, kept_q);
  problem.num_q_heads = static_cast<std::int64_t>(kept_q.size());
  problem.num_kv_heads = static_cast<std::int64_t>(kept_kv.size());
  edit_overrides(result, [&](Override& entry) {
    if (entry.tensor == Tensor::kBias && problem.bias != problem::Bias::kPerHead) return true;
    const bool of_query = entry.tensor == Tensor::kQ || entry.tensor == Tensor::kBias;
    const std::optional<std::int64_t> head = position_in(of_query ? kept_q : kept_kv, entry.head);
    entry.head = head.value_or(-1);
    return head.has_value();
  });
  return result;
}

Case with_heads(const Case& base, std::int64_t num_q_heads, std::int64_t num_kv_heads) {
  return keep_heads(base, first(num_q_heads), first(num_kv_heads));
}

Case with_head_dims(const Case& base, std::int64_t head_dim_qk, std::int64_t head_dim_v) {
  Case result = base;
  Problem& problem = result.problem();
  problem.head_dim_qk = head_dim_qk;
  problem.head_dim_v = problem.v_is_k_prefix ? std::min(head_dim_v, head_dim_qk) : head_dim_v;
  drop_stray_overrides(result);
  return result;
}

Case without_lane(const Case& base, std::int64_t lane, bool in_qk, bool in_v) {
  Case result = base;
  Problem& problem = result.problem();
  in_qk = in_qk && lane < problem.head_dim_qk && problem.head_dim_qk > 1;
  in_v = in_v && lane < problem.head_dim_v && problem.head_dim_v > 1;
  problem.head_dim_qk -= in_qk ? 1 : 0;
  problem.head_dim_v -= in_v ? 1 : 0;
  edit_overrides(result, [&](Override& entry) {
    const bool loses_it = entry.tensor == Tensor::kV ? in_v : in_qk;
    if (entry.tensor == Tensor::kBias || !loses_it) return true;
    if (entry.lane == lane) return false;
    entry.lane -= entry.lane > lane ? 1 : 0;
    return true;
  });
  return result;
}

Case with_contiguous_storage(const Case& base) {
  Case result = base;
  result.storage = problem::KvStorage{};
  result.storage.strides = base.storage.strides;
  result.storage.strides.k.outer = result.storage.strides.v.outer = 0;
  return result;
}

Extent writable_extent(const Problem& problem, Tensor tensor, std::int64_t sequence) {
  Extent extent = problem::extent_of(problem, tensor, sequence);
  if (tensor == Tensor::kV && problem.v_is_k_prefix) extent.tokens = 0;
  return extent;
}

void drop_stray_overrides(Case& value) {
  const Problem& problem = value.problem();
  edit_overrides(value, [&](const Override& entry) {
    const Extent extent = writable_extent(problem, entry.tensor, entry.sequence);
    return entry.token < extent.tokens && entry.head < extent.heads && entry.lane < extent.lanes;
  });
}

}  // namespace attest::shrinkers
