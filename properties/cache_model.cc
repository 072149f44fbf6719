#include "properties/cache_model.h"

#include <algorithm>
#include <cstddef>

#include "problem/values.h"

namespace attest::properties {

BlockManager::BlockManager(std::int64_t sequences, std::int64_t num_pages, std::int64_t page_size,
                           std::uint64_t order)
    : page_size_(page_size),
      order_(order),
      pages_(static_cast<std::size_t>(sequences)),
      users_(static_cast<std::size_t>(num_pages), 0) {
  for (std::int64_t page = num_pages; page-- > 0;) {
    free_.push_back(static_cast<std::int32_t>(page));
  }
}

std::optional<std::int32_t> BlockManager::take() {
  if (free_.empty()) return std::nullopt;
  if (order_ != 0) {
    const std::uint64_t pick = problem::derive_seed(order_, taken_++) % free_.size();
    std::swap(free_[static_cast<std::size_t>(pick)], free_.back());
  }
  const std::int32_t page = free_.back();
  free_.pop_back();
  users_[static_cast<std::size_t>(page)] = 1;
  most_pages_ = std::max(most_pages_, num_pages() - static_cast<std::int64_t>(free_.size()));
  return page;
}

void BlockManager::release(std::int32_t page) {
  if (--users_[static_cast<std::size_t>(page)] == 0) free_.push_back(page);
}

std::optional<BlockManager::Appended> BlockManager::append(std::int64_t sequence,
                                                           std::int64_t count) {
  Appended result;
  Pages& pages = at(sequence);
  const std::int64_t offset = pages.length % page_size_;
  if (count > 0 && offset != 0) {
    const std::int64_t block = pages.length / page_size_;
    std::int32_t& last = pages.table[static_cast<std::size_t>(block)];
    const bool gone = block < pages.evicted;
    if (gone || users(last) > 1) {
      const auto page = take();
      if (!page) return std::nullopt;
      // What was evicted is heard by nobody any more, so there is nothing to copy.
      if (!gone) {
        result.copy = Copy{last, *page, offset};
        release(last);
      }
      pages.evicted = std::min(pages.evicted, block);
      last = *page;
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    if (pages.length % page_size_ == 0) {
      const auto page = take();
      if (!page) return std::nullopt;
      pages.table.push_back(*page);
    }
    ++pages.length;
    result.slots.push_back(slot_of(sequence, pages.length - 1));
  }
  return result;
}

void BlockManager::fork(std::int64_t parent, std::int64_t child) {
  at(child) = at(parent);
  const Pages& pages = at(child);
  for (std::size_t block = static_cast<std::size_t>(pages.evicted); block < pages.table.size();
       ++block) {
    ++users_[static_cast<std::size_t>(pages.table[block])];
  }
}

void BlockManager::free(std::int64_t sequence) { rollback(sequence, length(sequence)); }

void BlockManager::rollback(std::int64_t sequence, std::int64_t count) {
  Pages& pages = at(sequence);
  pages.length -= count;
  const std::int64_t kept = (pages.length + page_size_ - 1) / page_size_;
  while (static_cast<std::int64_t>(pages.table.size()) > kept) {
    const bool own = static_cast<std::int64_t>(pages.table.size()) > pages.evicted;
    if (own) release(pages.table.back());
    pages.table.pop_back();
  }
  pages.evicted = std::min(pages.evicted, kept);
}

void BlockManager::evict(std::int64_t sequence, std::int64_t first) {
  Pages& pages = at(sequence);
  const std::int64_t full = std::min(first, pages.length) / page_size_;
  while (pages.evicted < full) {
    release(pages.table[static_cast<std::size_t>(pages.evicted++)]);
  }
}

std::int64_t BlockManager::length(std::int64_t sequence) const { return at(sequence).length; }

const std::vector<std::int32_t>& BlockManager::table(std::int64_t sequence) const {
  return at(sequence).table;
}

std::int64_t BlockManager::evicted_pages(std::int64_t sequence) const {
  return at(sequence).evicted;
}

std::int64_t BlockManager::slot_of(std::int64_t sequence, std::int64_t token) const {
  const std::int32_t page = at(sequence).table[static_cast<std::size_t>(token / page_size_)];
  return page * page_size_ + token % page_size_;
}

std::int32_t BlockManager::users(std::int32_t page) const {
  return users_[static_cast<std::size_t>(page)];
}

std::vector<bool> BlockManager::live_slots() const {
  std::vector<bool> live(users_.size() * static_cast<std::size_t>(page_size_), false);
  for (std::size_t s = 0; s < pages_.size(); ++s) {
    const auto sequence = static_cast<std::int64_t>(s);
    for (std::int64_t token = pages_[s].evicted * page_size_; token < pages_[s].length; ++token) {
      live[static_cast<std::size_t>(slot_of(sequence, token))] = true;
    }
  }
  return live;
}

}  // namespace attest::properties
