// The physical cache of a scene as a row of slots, one token each: where tokens lie, and what the
// other slots are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "problem/kv_steps.h"
#include "problem/poison.h"
#include "properties/scene.h"

namespace attest::properties {

/// Refers to the scene's storage; does not outlive it.
class Slots {
 public:
  Slots(const problem::Problem& problem, const problem::KvStorage& storage);
  bool paged() const { return problem::is_paged(storage_.layout); }
  const problem::CacheSteps& steps() const { return steps_; }
  /// Whether the pool is larger than memory: then only the pages in use and their neighbours are
  /// laid out and have slots.
  bool sparse() const { return sparse_; }
  std::int64_t count() const { return count_; }
  /// Not paged: first slot of each sequence and the end.
  const std::vector<std::int32_t>& first() const { return first_; }
  std::int64_t of(std::int64_t b, std::int64_t token) const {
    if (!paged()) return first_[b] + token;
    return index_of(storage_.block_table[b][token / storage_.page_size]) * storage_.page_size +
           token % storage_.page_size;
  }
  /// The page of a slot (the sequence in a padded cache, 0 in a contiguous one), and the slot in
  /// it.
  std::int64_t outer(std::int64_t slot) const {
    const std::int64_t index = steps_.outers == 1 ? 0 : slot / steps_.slots;
    return sparse() ? laid_[static_cast<std::size_t>(index)] : index;
  }
  std::int64_t inner(std::int64_t slot) const {
    return steps_.outers == 1 ? slot : slot % steps_.slots;
  }
  /// Pages that are laid out, when sparse().
  const std::vector<std::int64_t>& laid() const { return laid_; }

 private:
  std::int64_t index_of(std::int64_t page) const;

  const problem::KvStorage& storage_;
  problem::CacheSteps steps_;
  std::vector<std::int32_t> first_;
  bool sparse_ = false;
  std::vector<std::int64_t> laid_;
  std::int64_t count_ = 0;
};

/// What a slot is, for poisoning. A slot heard by any judged row is never poisoned.
enum class SlotUse : std::uint8_t { kFree, kTail, kHeard, kFuture, kOutsideWindow };

struct SlotInfo {
  SlotUse use = SlotUse::kFree;
  std::int32_t sequence = -1;  ///< whose queries a dominating key is aimed at
};

/// The place of a poison that fills such slots.
std::optional<problem::PoisonPlace> place_of(SlotUse use);

/// The rows of sequence b that are judged.
problem::Range judged(const Scene& scene, std::int64_t b);

/// Per slot what it is to the judged rows. `slots` are the scene's.
std::vector<SlotInfo> classify_slots(const Scene& scene, const Slots& slots);

}  // namespace attest::properties
