// Simpler placement of a cache that stays paged: smaller and fewer pages, the identity table, no
// junk around. (Contiguous instead of paged is a feature switched off: features.cc.)
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"
#include "shrinkers/sharing.h"

namespace attest::shrinkers {

using problem::Case;
using problem::KvLayout;
using problem::KvStorage;

namespace {

constexpr std::int64_t kMostUnshared = 8;

// The pages in use renumbered first, first + 1, ... in the order `pages` lists them; `free` pages
// of the pool stay unused.
KvStorage packed(const KvStorage& storage, const std::vector<std::int32_t>& pages,
                 std::int64_t free, std::int32_t first = 0) {
  std::vector<std::int32_t> ids(pages.size());
  std::iota(ids.begin(), ids.end(), first);
  KvStorage result = renamed_pages(storage, pages, ids);
  result.num_pages = std::max<std::int64_t>(static_cast<std::int64_t>(pages.size()) + free, 1);
  return result;
}

KvStorage in_order(const KvStorage& storage, std::int64_t free) {
  return packed(storage, pages_in_use(storage), free);
}

// Every page cut into `factor` smaller ones: same sharing, same order, nothing moves.
KvStorage with_pages_split(const Case& base, std::int64_t factor) {
  KvStorage result = base.storage;
  result.page_size /= factor;
  result.num_pages *= factor;
  for (std::size_t b = 0; b < result.block_table.size(); ++b) {
    const std::int64_t kv_len = base.problem().sequences[b].kv_len;
    std::vector<std::int32_t> row;
    for (const std::int32_t page : base.storage.block_table[b]) {
      for (std::int64_t i = 0; i < factor; ++i) {
        row.push_back(static_cast<std::int32_t>(page * factor + i));
      }
    }
    row.resize(static_cast<std::size_t>((kv_len + result.page_size - 1) / result.page_size));
    result.block_table[b] = std::move(row);
  }
  return result;
}

// Fresh pages of any size for a table that shares none.
KvStorage with_page_size(const Case& base, std::int64_t page_size) {
  KvStorage result = base.storage;
  result.page_size = page_size;
  std::int32_t next = 0;
  for (std::size_t b = 0; b < result.block_table.size(); ++b) {
    const std::int64_t kv_len = base.problem().sequences[b].kv_len;
    result.block_table[b].resize(static_cast<std::size_t>((kv_len + page_size - 1) / page_size));
    for (std::int32_t& page : result.block_table[b]) page = next++;
  }
  result.num_pages = std::max<std::int64_t>(next, 1);
  return result;
}

class StorageVariants {
 public:
  explicit StorageVariants(const Case& base) : base_(base) {}
  void add(KvStorage storage) {
    result_.push_back(base_);
    result_.back().storage = std::move(storage);
  }
  void add(Case variant) { result_.push_back(std::move(variant)); }
  Proposals take() { return std::move(result_); }

 private:
  const Case& base_;
  Proposals result_;
};

void shrink_pages(const Case& base, StorageVariants& variants) {
  const KvStorage& now = base.storage;
  const std::int64_t longest = std::max<std::int64_t>(base.problem().max_kv_len(), 1);
  const bool shares = shared_entries(now) > 0;
  std::vector<std::int64_t> sizes = size_ladder(now.page_size, 1);
  // A page for each sequence, then two.
  sizes.insert(sizes.begin(), {longest, longest + 1, (longest + 1) / 2});
  for (const std::int64_t size : sizes) {
    if (size >= now.page_size) continue;
    if (!shares) {
      KvStorage fresh = with_page_size(base, size);
      fresh.extra_table_columns = 0;
      variants.add(fresh);
      fresh.extra_table_columns = now.extra_table_columns;
      fresh.num_pages += 1;
      variants.add(std::move(fresh));
    }
    if (now.page_size % size == 0) {
      const KvStorage split = with_pages_split(base, now.page_size / size);
      variants.add(in_order(split, 0));
      variants.add(split);
    }
  }
}

void shrink_pool(const KvStorage& now, StorageVariants& variants) {
  const std::vector<std::int32_t> pages = pages_in_use(now);
  std::vector<std::int32_t> by_id = pages;
  std::sort(by_id.begin(), by_id.end());
  const std::vector<std::int32_t> reversed(pages.rbegin(), pages.rend());
  const std::int64_t free = now.num_pages - static_cast<std::int64_t>(pages.size());
  std::vector<std::int64_t> steps = ladder(free, 0);
  steps.push_back(free);  // the same pool, in better order
  for (const std::int64_t left : steps) {
    variants.add(packed(now, pages, left));
    variants.add(packed(now, by_id, left));
    if (left == 0) variants.add(packed(now, reversed, left));
    if (left == 1) variants.add(packed(now, pages, left, 1));  // page 0 is the free one
  }
  // One page into its place, in exchange with whichever is there.
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const auto home = static_cast<std::int32_t>(i);
    if (pages[i] == home) continue;
    variants.add(renamed_pages(now, {pages[i], home}, {home, pages[i]}));
    break;
  }
}

void shrink_rest(const Case& base, StorageVariants& variants) {
  const KvStorage& now = base.storage;
  for (const std::int64_t columns : ladder(now.extra_table_columns, 0)) {
    KvStorage fewer = now;
    fewer.extra_table_columns = columns;
    variants.add(std::move(fewer));
  }
  for (const std::int64_t gap : ladder(now.gap_tokens, 0)) {
    KvStorage fewer = now;
    fewer.gap_tokens = gap;
    variants.add(std::move(fewer));
  }
  for (std::int64_t entry = 0; entry < std::min(shared_entries(now), kMostUnshared); ++entry) {
    variants.add(with_entry_unshared(base, entry));
  }
  for (const KvLayout layout : {KvLayout::kPagedNHD, KvLayout::kPagedHND}) {
    if (layout >= now.layout) continue;
    KvStorage plainer = now;
    plainer.layout = layout;
    variants.add(std::move(plainer));
  }
}

}  // namespace

Proposals simpler_storage(const Case& base) {
  StorageVariants variants(base);
  if (problem::is_paged(base.storage.layout)) {
    KvStorage tidy = in_order(base.storage, 0);
    tidy.extra_table_columns = 0;
    variants.add(std::move(tidy));
    shrink_pages(base, variants);
    shrink_pool(base.storage, variants);
  }
  shrink_rest(base, variants);
  return variants.take();
}

}  // namespace attest::shrinkers
