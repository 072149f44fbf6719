// Where the keys and values of a case lie in memory: contiguous or in pages, in which order, with
// what around them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/problem.h"
#include "problem/strides.h"

namespace attest::problem {

/// The numbering is part of the kernel ABI and never changes.
enum class KvLayout : std::uint8_t {
  kContiguous = 0,        ///< K, V [total_kv, num_kv_heads, head_dim], sequences by cu_seqlens_k
  kPadded = 1,            ///< K, V [batch, max_kv_len, num_kv_heads, head_dim]
  kPagedNHD = 2,          ///< K, V [num_pages, page_size, num_kv_heads, head_dim]
  kPagedHND = 3,          ///< K, V [num_pages, num_kv_heads, page_size, head_dim]
  kPagedInterleaved = 4,  ///< KV [num_pages, 2, page_size, num_kv_heads, head_dim]: K, V of one
                          ///< type and head dim
  kPagedXSplit = 5,  ///< K [num_pages, num_kv_heads, head_dim / x, page_size, x], V [num_pages,
                     ///< num_kv_heads, head_dim, page_size]
  kMlaLatent = 6,    ///< K [num_pages, page_size, head_dim_qk], V a prefix of it
};
inline constexpr int kNumKvLayouts = 7;
std::string_view name_of(KvLayout layout);
std::optional<KvLayout> parse_kv_layout(std::string_view name);
bool is_paged(KvLayout layout);

struct KvStorage {
  KvLayout layout = KvLayout::kContiguous;
  std::int64_t page_size = 0;  ///< tokens per page; 0 when not paged
  std::int64_t num_pages = 0;  ///< pages of the physical pool; 0 when not paged
  /// Per sequence the pages it uses, exactly ceil(kv_len / page_size) ids in [0, num_pages). Two
  /// sequences may name one page (a shared prefix); then they share its contents at the same
  /// offsets.
  std::vector<std::vector<std::int32_t>> block_table;
  /// Entries of each table row beyond the longest used prefix. The tail of every row holds junk
  /// ids.
  std::int64_t extra_table_columns = 0;
  /// Contiguous: unused tokens after each sequence.
  std::int64_t gap_tokens = 0;
  /// Steps other than packed, of q, o and lse too.
  Strides strides;

  friend bool operator==(const KvStorage&, const KvStorage&) = default;
};

/// The (sequence, token) whose contents a token has: itself, or, on a shared page, the first
/// sequence in batch order that uses that slot.
struct TokenId {
  std::int64_t sequence;
  std::int64_t token;
  friend bool operator==(const TokenId&, const TokenId&) = default;
};
TokenId content_owner(const Problem& problem, const KvStorage& storage, std::int64_t sequence,
                      std::int64_t token);

/// One line saying what is wrong, or nothing.
std::optional<std::string> find_error(const Problem& problem, const KvStorage& storage);

}  // namespace attest::problem
