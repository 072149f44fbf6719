// The pages of a paged cache as a serving engine keeps them: reference counts, a free list,
// copy-on-write, truncation, and pages given back once every later query has left them behind.
// Knows which slot holds which token; the contents of memory are the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace attest::properties {

class BlockManager {
 public:
  /// `order`: 0 gives out the page that was freed last, and fresh ones by ascending id; any other
  /// seeds a random choice among the free ones.
  BlockManager(std::int64_t sequences, std::int64_t num_pages, std::int64_t page_size,
               std::uint64_t order);

  /// The first `slots` slots of page `from` are to be copied to page `to`.
  struct Copy {
    std::int32_t from = 0;
    std::int32_t to = 0;
    std::int64_t slots = 0;
  };
  struct Appended {
    std::optional<Copy> copy;         ///< to be made before the tokens are written
    std::vector<std::int64_t> slots;  ///< of the new tokens
  };
  /// Room for `count` tokens more. A page that others use too is copied before it is written.
  /// Nothing when the pool is exhausted.
  std::optional<Appended> append(std::int64_t sequence, std::int64_t count);
  /// `child`, which is empty, shares all pages of `parent`.
  void fork(std::int64_t parent, std::int64_t child);
  void free(std::int64_t sequence);
  /// Gives up the last `count` tokens.
  void rollback(std::int64_t sequence, std::int64_t count);
  /// Gives up full pages that end before token `first`. Their table entries stay as they are: they
  /// name pages that may be anyone's from now on.
  void evict(std::int64_t sequence, std::int64_t first);

  std::int64_t length(std::int64_t sequence) const;
  /// Page ids, ceil(length / page_size) of them, of evicted pages too.
  const std::vector<std::int32_t>& table(std::int64_t sequence) const;
  std::int64_t evicted_pages(std::int64_t sequence) const;
  std::int64_t slot_of(std::int64_t sequence, std::int64_t token) const;

  std::int32_t users(std::int32_t page) const;
  /// Per slot whether some sequence has a token there.
  std::vector<bool> live_slots() const;
  std::int64_t page_size() const { return page_size_; }
  std::int64_t num_pages() const { return static_cast<std::int64_t>(users_.size()); }
  /// The most pages that were ever in use at once.
  std::int64_t most_pages() const { return most_pages_; }

 private:
  struct Pages {
    std::vector<std::int32_t> table;
    std::int64_t length = 0;
    std::int64_t evicted =
        0;  ///< leading entries of the table that are not the sequence's any more
  };
  std::optional<std::int32_t> take();
  void release(std::int32_t page);
  Pages& at(std::int64_t sequence) { return pages_[static_cast<std::size_t>(sequence)]; }
  const Pages& at(std::int64_t sequence) const {
    return pages_[static_cast<std::size_t>(sequence)];
  }

  std::int64_t page_size_;
  std::uint64_t order_;
  std::uint64_t taken_ = 0;
  std::int64_t most_pages_ = 0;
  std::vector<Pages> pages_;
  std::vector<std::int32_t> users_;  ///< per page
  std::vector<std::int32_t> free_;   ///< the one to be given out next is the last
};

}  // namespace attest::properties
