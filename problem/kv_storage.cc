#include "problem/kv_storage.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/core.h>

#include "problem/index.h"
#include "problem/kv_steps.h"
#include "problem/name_table.h"

namespace attest::problem {
namespace {

using MaybeError = std::optional<std::string>;

constexpr std::array<std::string_view, kNumKvLayouts> kLayouts = {
    "contiguous",        "padded",        "paged_nhd", "paged_hnd",
    "paged_interleaved", "paged_x_split", "mla_latent"};

MaybeError find_error_unpaged(const Problem& problem, const KvStorage& storage) {
  const std::string_view layout = name_of(storage.layout);
  const auto unused = [&](std::string_view field, std::int64_t value) -> MaybeError {
    if (value == 0) return std::nullopt;
    return fmt::format("storage.{} = {}: must be 0 in layout {}", field, value, layout);
  };
  if (auto error = unused("page_size", storage.page_size)) return error;
  if (auto error = unused("num_pages", storage.num_pages)) return error;
  if (auto error = unused("extra_table_columns", storage.extra_table_columns)) return error;
  if (!storage.block_table.empty()) {
    return fmt::format("storage.block_table has {} rows: must be empty in layout {}",
                       storage.block_table.size(), layout);
  }
  if (storage.layout != KvLayout::kContiguous) {
    if (auto error = unused("gap_tokens", storage.gap_tokens)) return error;
  }
  if (storage.gap_tokens < 0 || storage.gap_tokens > kMaxTokens) {
    return fmt::format("storage.gap_tokens = {}: must be in [0, {}]", storage.gap_tokens,
                       kMaxTokens);
  }
  const std::int64_t tokens = storage.layout == KvLayout::kPadded
                                  ? problem.batch() * problem.max_kv_len()
                                  : problem.total_kv() + problem.batch() * storage.gap_tokens;
  const std::int64_t elements =
      tokens * problem.num_kv_heads * std::max(problem.head_dim_qk, problem.head_dim_v);
  if (elements > kMaxElements) {
    return fmt::format("storage of layout {} holds {} elements: at most {}", layout, elements,
                       kMaxElements);
  }
  return std::nullopt;
}

MaybeError find_error_in_pool(const Problem& problem, const KvStorage& storage) {
  if (storage.page_size < 1 || storage.page_size > kMaxTokens) {
    return fmt::format("storage.page_size = {}: must be in [1, {}] in layout {}", storage.page_size,
                       kMaxTokens, name_of(storage.layout));
  }
  if (storage.num_pages < 1 || storage.num_pages > kMaxElements) {
    return fmt::format("storage.num_pages = {}: must be in [1, {}] in layout {}", storage.num_pages,
                       kMaxElements, name_of(storage.layout));
  }
  // Two steps, so that no product leaves 64 bits.
  const std::int64_t tokens = storage.page_size * storage.num_pages;
  const std::int64_t per_token =
      problem.num_kv_heads * std::max(problem.head_dim_qk, problem.head_dim_v);
  if (tokens > kMaxElements || tokens * per_token > kMaxElements) {
    return fmt::format(
        "storage.num_pages = {}: a pool of pages of {} tokens of {} elements holds at most {}",
        storage.num_pages, storage.page_size, per_token, kMaxElements);
  }
  if (storage.gap_tokens != 0) {
    return fmt::format("storage.gap_tokens = {}: must be 0 in layout {}", storage.gap_tokens,
                       name_of(storage.layout));
  }
  if (storage.extra_table_columns < 0 || storage.extra_table_columns > kMaxTokens) {
    return fmt::format("storage.extra_table_columns = {}: must be in [0, {}]",
                       storage.extra_table_columns, kMaxTokens);
  }
  return std::nullopt;
}

MaybeError find_error_in_layout(const Problem& problem, const KvStorage& storage) {
  const bool in_halves = storage.layout == KvLayout::kPagedInterleaved;
  if (in_halves && (problem.head_dim_qk != problem.head_dim_v)) {
    return fmt::format("head_dim_v = {}: must be head_dim_qk, {}, in layout {}", problem.head_dim_v,
                       problem.head_dim_qk, name_of(storage.layout));
  }
  if (in_halves && problem.k_dtype != problem.v_dtype) {
    return fmt::format("v_dtype = {}: must be k_dtype, {}, in layout {}", name_of(problem.v_dtype),
                       name_of(problem.k_dtype), name_of(storage.layout));
  }
  if (problem.v_is_k_prefix && (in_halves || storage.layout == KvLayout::kPagedXSplit)) {
    return fmt::format("v_is_k_prefix = true: V has a place of its own in layout {}",
                       name_of(storage.layout));
  }
  if (storage.layout == KvLayout::kPagedXSplit) {
    const std::int64_t x = x_of(problem.k_dtype);
    if (problem.head_dim_qk % x != 0) {
      return fmt::format("head_dim_qk = {}: must be a multiple of {} in layout {} of {}",
                         problem.head_dim_qk, x, name_of(storage.layout), name_of(problem.k_dtype));
    }
  }
  if (storage.layout == KvLayout::kMlaLatent) {
    if (!problem.v_is_k_prefix) return "v_is_k_prefix = false: must be true in layout mla_latent";
    if (problem.num_kv_heads != 1) {
      return fmt::format("num_kv_heads = {}: must be 1 in layout mla_latent", problem.num_kv_heads);
    }
  }
  return std::nullopt;
}

MaybeError find_error_in_gaps(const KvStorage& storage, std::string_view tensor, const Gaps& gaps,
                              bool cache) {
  const auto check = [&](std::string_view field, std::int64_t gap, bool exists) -> MaybeError {
    const std::int64_t most = exists ? kMaxGap : 0;
    if (gap >= 0 && gap <= most) return std::nullopt;
    return fmt::format("storage.strides.{}.{} = {}: must be in [0, {}] in layout {}", tensor, field,
                       gap, most, name_of(storage.layout));
  };
  const bool has_outer = cache && storage.layout != KvLayout::kContiguous;
  if (auto error = check("outer", gaps.outer, has_outer)) return error;
  if (auto error = check("token", gaps.token, true)) return error;
  if (auto error = check("head", gaps.head, true)) return error;
  return check("lane", gaps.lane, tensor != "lse");
}

MaybeError find_error_in_strides(const Problem& problem, const KvStorage& storage) {
  const Strides& strides = storage.strides;
  if (strides.packed()) return std::nullopt;
  if (auto error = find_error_in_gaps(storage, "q", strides.q, false)) return error;
  if (auto error = find_error_in_gaps(storage, "k", strides.k, true)) return error;
  if (auto error = find_error_in_gaps(storage, "v", strides.v, true)) return error;
  if (auto error = find_error_in_gaps(storage, "o", strides.o, false)) return error;
  if (auto error = find_error_in_gaps(storage, "lse", strides.lse, false)) return error;
  if (strides.o.one_head || strides.lse.one_head) {
    return fmt::format("storage.strides.{}.one_head = true: outputs of two heads cannot be one",
                       strides.o.one_head ? "o" : "lse");
  }
  const CacheSteps cache = cache_steps(problem, storage);
  if (cache.v_in_k && !strides.v.packed()) {
    return std::string("storage.strides.v: must be absent where V lies in the buffer of K");
  }
  const auto rows = [&](std::int64_t lanes, const Gaps& gaps) {
    return problem.total_q() * row_steps(problem.num_q_heads, lanes, gaps).token;
  };
  const std::int64_t most =
      std::max({cache.k_elements, cache.v_elements, rows(problem.head_dim_qk, strides.q),
                rows(problem.head_dim_v, strides.o), rows(1, strides.lse)});
  if (most <= kMaxElements) return std::nullopt;
  return fmt::format("storage.strides: a tensor takes {} elements: at most {}", most, kMaxElements);
}

MaybeError find_error_in_row(const Problem& problem, const KvStorage& storage, std::int64_t b) {
  const auto& row = storage.block_table[at(b)];
  const std::int64_t kv_len = problem.sequences[at(b)].kv_len;
  const std::int64_t used = (kv_len + storage.page_size - 1) / storage.page_size;
  if (static_cast<std::int64_t>(row.size()) != used) {
    return fmt::format(
        "storage.block_table[{}] names {} pages: kv_len {} in pages of {} needs exactly {}", b,
        row.size(), kv_len, storage.page_size, used);
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] < 0 || row[i] >= storage.num_pages) {
      return fmt::format("storage.block_table[{}][{}] = {}: outside the pool of {} pages", b, i,
                         row[i], storage.num_pages);
    }
  }
  return std::nullopt;
}

/// One use of a page by a sequence.
struct Use {
  std::int32_t page;
  std::int64_t sequence;
  std::int64_t index;
};

MaybeError find_error_in_sharing(const KvStorage& storage) {
  std::vector<Use> uses;
  for (std::size_t b = 0; b < storage.block_table.size(); ++b) {
    const auto& row = storage.block_table[b];
    for (std::size_t i = 0; i < row.size(); ++i) {
      uses.push_back({row[i], static_cast<std::int64_t>(b), static_cast<std::int64_t>(i)});
    }
  }
  std::sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) {
    return std::tie(a.page, a.sequence, a.index) < std::tie(b.page, b.sequence, b.index);
  });
  for (std::size_t i = 1; i < uses.size(); ++i) {
    const Use& first = uses[i - 1];
    const Use& second = uses[i];
    if (first.page != second.page) continue;
    if (first.sequence == second.sequence) {
      return fmt::format(
          "storage.block_table[{}][{}] = {}: the sequence has this page already, at [{}][{}]",
          second.sequence, second.index, second.page, first.sequence, first.index);
    }
    if (first.index != second.index) {
      return fmt::format(
          "storage.block_table[{}][{}] = {}: shared with [{}][{}], but only a page at the same "
          "index can be shared",
          second.sequence, second.index, second.page, first.sequence, first.index);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(KvLayout layout) { return name_in(kLayouts, layout); }
std::optional<KvLayout> parse_kv_layout(std::string_view name) {
  return parse_in<KvLayout>(kLayouts, name);
}

bool is_paged(KvLayout layout) {
  return layout != KvLayout::kContiguous && layout != KvLayout::kPadded;
}

TokenId content_owner(const Problem& problem, const KvStorage& storage, std::int64_t sequence,
                      std::int64_t token) {
  if (!is_paged(storage.layout)) return {sequence, token};
  const std::size_t index = at(token / storage.page_size);
  const std::int32_t page = storage.block_table[at(sequence)][index];
  for (std::int64_t b = 0; b < sequence; ++b) {
    const auto& row = storage.block_table[at(b)];
    // A shorter sequence may end inside the page; the slots behind it are not its own.
    if (index < row.size() && row[index] == page && token < problem.sequences[at(b)].kv_len) {
      return {b, token};
    }
  }
  return {sequence, token};
}

std::optional<std::string> find_error(const Problem& problem, const KvStorage& storage) {
  if (auto error = find_error_in_layout(problem, storage)) return error;
  if (!is_paged(storage.layout)) {
    if (auto error = find_error_unpaged(problem, storage)) return error;
    return find_error_in_strides(problem, storage);
  }
  if (auto error = find_error_in_pool(problem, storage)) return error;
  if (static_cast<std::int64_t>(storage.block_table.size()) != problem.batch()) {
    return fmt::format("storage.block_table has {} rows: must have one per sequence, {}",
                       storage.block_table.size(), problem.batch());
  }
  std::size_t longest = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    if (auto error = find_error_in_row(problem, storage, b)) return error;
    longest = std::max(longest, storage.block_table[at(b)].size());
  }
  const std::int64_t columns = static_cast<std::int64_t>(longest) + storage.extra_table_columns;
  if (columns * problem.batch() > kMaxElements) {
    return fmt::format("storage.extra_table_columns = {}: the block table holds at most {} entries",
                       storage.extra_table_columns, kMaxElements);
  }
  if (auto error = find_error_in_sharing(storage)) return error;
  return find_error_in_strides(problem, storage);
}

}  // namespace attest::problem
