#include "shrinkers/sharing.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace attest::shrinkers {

using problem::Case;
using problem::KvStorage;

namespace {

// Gives the entries for which `chosen(number among the shared entries)` holds a page of their own.
Case unshare(const Case& base, const std::function<bool(std::int64_t)>& chosen) {
  Case result = base;
  std::unordered_set<std::int32_t> seen;
  std::int64_t shared = 0;
  for (std::vector<std::int32_t>& row : result.storage.block_table) {
    for (std::int32_t& page : row) {
      if (seen.insert(page).second) continue;
      if (chosen(shared++)) page = static_cast<std::int32_t>(result.storage.num_pages++);
    }
  }
  return result;
}

}  // namespace

std::int64_t table_entries(const KvStorage& storage) {
  std::int64_t entries = 0;
  for (const std::vector<std::int32_t>& row : storage.block_table) {
    entries += static_cast<std::int64_t>(row.size());
  }
  return entries;
}

std::vector<std::int32_t> pages_in_use(const KvStorage& storage) {
  std::vector<std::int32_t> pages;
  std::vector<bool> seen(static_cast<std::size_t>(storage.num_pages), false);
  for (const std::vector<std::int32_t>& row : storage.block_table) {
    for (const std::int32_t page : row) {
      const auto id = static_cast<std::size_t>(page);
      if (!seen[id]) pages.push_back(page);
      seen[id] = true;
    }
  }
  return pages;
}

std::int64_t shared_entries(const KvStorage& storage) {
  return table_entries(storage) - static_cast<std::int64_t>(pages_in_use(storage).size());
}

std::int64_t misplaced_pages(const KvStorage& storage) {
  std::int64_t misplaced = 0;
  std::int32_t position = 0;
  for (const std::int32_t page : pages_in_use(storage)) misplaced += page != position++ ? 1 : 0;
  return misplaced;
}

KvStorage renamed_pages(const KvStorage& storage, const std::vector<std::int32_t>& old_ids,
                        const std::vector<std::int32_t>& new_ids) {
  std::unordered_map<std::int32_t, std::int32_t> name;
  for (std::size_t i = 0; i < old_ids.size(); ++i) name[old_ids[i]] = new_ids[i];
  KvStorage result = storage;
  for (std::vector<std::int32_t>& row : result.block_table) {
    for (std::int32_t& page : row) {
      const auto found = name.find(page);
      if (found != name.end()) page = found->second;
    }
  }
  return result;
}

Case without_sharing(const Case& base) {
  return unshare(base, [](std::int64_t) { return true; });
}

Case with_entry_unshared(const Case& base, std::int64_t entry) {
  return unshare(base, [entry](std::int64_t shared) { return shared == entry; });
}

}  // namespace attest::shrinkers
