// The pages of a program, call by call: cache_model.h driven by the calls, without a kernel and
// without contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "problem/program.h"
#include "properties/cache_model.h"

namespace attest::properties {

class ProgramPages {
 public:
  /// `evict`: before each call, pages that no attend from it on can see, because of its window, are
  /// given back. Refers to the program.
  ProgramPages(const problem::Program& program, std::int64_t num_pages, std::int64_t page_size,
               std::uint64_t order, bool evict);
  /// The pool, order and eviction of the case.
  explicit ProgramPages(const problem::Case& value);

  /// Carries out the next call. False when the pool is exhausted.
  bool step();
  const BlockManager& blocks() const { return blocks_; }
  const problem::Tape& tape() const { return tape_; }
  const problem::Sequences& sequences() const { return sequences_; }
  /// Of the last step: its items, and of an append what each asks for (nothing for padding).
  const std::vector<problem::Sequences::Item>& items() const { return items_; }
  const std::vector<BlockManager::Appended>& appended() const { return appended_; }

 private:
  bool append();

  const problem::Program& program_;
  bool evict_;
  std::size_t next_ = 0;
  problem::Tape tape_;
  problem::Sequences sequences_;
  BlockManager blocks_;
  std::vector<problem::Sequences::Item> items_;
  std::vector<BlockManager::Appended> appended_;
  std::vector<std::vector<std::int64_t>> needed_;  ///< first_tokens_needed()
};

/// Per call and sequence of the tape the first token that an attend from this call on can see; a
/// number past every token where no such attend comes.
std::vector<std::vector<std::int64_t>> first_tokens_needed(const problem::Program& program);

/// The last attend of a program as a case of its own, with the block table that it meets; nothing
/// when the program has none or the pool is too small for it.
std::optional<problem::Case> last_attend(const problem::Case& value);

/// Whether the property of a case has pages behind the window given back.
bool evicts(const problem::Case& value);

}  // namespace attest::properties
