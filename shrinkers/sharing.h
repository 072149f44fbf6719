// Block tables as data: who shares a page, how orderly the ids are, and renumberings of the pool.
// All expect a valid storage (find_error gives nothing).
#pragma once

#include <cstdint>
#include <vector>

#include "problem/case.h"

namespace attest::shrinkers {

/// Table entries in all, and those that name a page some earlier entry names already.
std::int64_t table_entries(const problem::KvStorage& storage);
std::int64_t shared_entries(const problem::KvStorage& storage);

/// Pages in the order of their first use, row by row, each once.
std::vector<std::int32_t> pages_in_use(const problem::KvStorage& storage);

/// Positions in pages_in_use whose id is not the position itself: 0 for the identity table.
std::int64_t misplaced_pages(const problem::KvStorage& storage);

/// The storage with `old_ids[i]` renamed to `new_ids[i]` wherever the table names it.
problem::KvStorage renamed_pages(const problem::KvStorage& storage,
                                 const std::vector<std::int32_t>& old_ids,
                                 const std::vector<std::int32_t>& new_ids);

/// Every entry that names a used page gets a page of its own at the end of the pool.
problem::Case without_sharing(const problem::Case& base);

/// The same for the `entry`-th shared entry only.
problem::Case with_entry_unshared(const problem::Case& base, std::int64_t entry);

}  // namespace attest::shrinkers
