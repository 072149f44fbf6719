#include "properties/slots.h"

#include <algorithm>
#include <limits>

#include "oracle/visible.h"

namespace attest::properties {

using problem::Problem;
using problem::Range;

namespace {

/// The pages in use and those beside them, ascending.
std::vector<std::int64_t> pages_around(const problem::KvStorage& storage) {
  std::vector<std::int64_t> pages;
  for (const auto& row : storage.block_table) {
    for (const std::int64_t page : row) {
      for (const std::int64_t near : {page - 1, page, page + 1}) {
        if (near >= 0 && near < storage.num_pages) pages.push_back(near);
      }
    }
  }
  std::sort(pages.begin(), pages.end());
  pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
  return pages;
}

}  // namespace

Slots::Slots(const Problem& problem, const problem::KvStorage& storage)
    : storage_(storage), steps_(problem::cache_steps(problem, storage)) {
  if (paged()) {
    count_ = steps_.outers * steps_.slots;
    if (std::max(steps_.k_elements, steps_.v_elements) <= problem::kMaxElements) return;
    sparse_ = true;
    laid_ = pages_around(storage);
    count_ = static_cast<std::int64_t>(laid_.size()) * steps_.slots;
    return;
  }
  std::int64_t next = 0;
  for (const auto& sequence : problem.sequences) {
    first_.push_back(static_cast<std::int32_t>(next));
    next += storage.layout == problem::KvLayout::kPadded ? steps_.slots
                                                         : sequence.kv_len + storage.gap_tokens;
  }
  first_.push_back(static_cast<std::int32_t>(next));
  count_ = next;
}

std::int64_t Slots::index_of(std::int64_t page) const {
  if (!sparse()) return page;
  return std::lower_bound(laid_.begin(), laid_.end(), page) - laid_.begin();
}

Range judged(const Scene& scene, std::int64_t b) {
  return scene.judged_rows.empty() ? Range{0, scene.problem.sequences[b].q_len}
                                   : scene.judged_rows[b];
}

std::vector<SlotInfo> classify_slots(const Scene& scene, const Slots& slots) {
  const Problem& problem = scene.problem;
  std::vector<SlotInfo> info(static_cast<std::size_t>(slots.count()));
  auto raise = [&info](std::int64_t slot, SlotUse use, std::int64_t b) {
    SlotInfo& entry = info[static_cast<std::size_t>(slot)];
    // Heard wins over everything; any use by a token wins over tail and free.
    if (entry.use == SlotUse::kHeard) return;
    if (use == SlotUse::kHeard || entry.use == SlotUse::kFree || entry.use == SlotUse::kTail) {
      entry = {use, static_cast<std::int32_t>(b)};
    }
  };
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const std::int64_t kv_len = problem.sequences[b].kv_len;
    // Tail: the rest of the last page, or of the sequence's room in a contiguous cache.
    if (slots.paged()) {
      const std::int64_t page = scene.storage.page_size;
      for (std::int64_t token = kv_len; token % page != 0; ++token)
        raise(slots.of(b, token), SlotUse::kTail, b);
    } else {
      for (std::int64_t slot = slots.first()[b] + kv_len; slot < slots.first()[b + 1]; ++slot) {
        raise(slot, SlotUse::kTail, b);
      }
    }
    std::vector<std::uint8_t> heard(static_cast<std::size_t>(kv_len), 0);
    const Range rows = judged(scene, b);
    std::int64_t last_position = std::numeric_limits<std::int64_t>::min();
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      last_position = std::max(last_position, oracle::query_position(problem, b, row));
      const auto [first, last] = oracle::visible_range(problem, b, row);
      for (std::int64_t key = first; key < last; ++key) {
        if (!heard[key] && oracle::visible(problem, b, row, key)) heard[key] = 1;
      }
    }
    for (std::int64_t key = 0; key < kv_len; ++key) {
      const bool future = oracle::key_position(problem, b, key) > last_position;
      raise(slots.of(b, key),
            heard[key] ? SlotUse::kHeard
            : future   ? SlotUse::kFuture
                       : SlotUse::kOutsideWindow,
            b);
    }
  }
  return info;
}

std::optional<problem::PoisonPlace> place_of(SlotUse use) {
  switch (use) {
    case SlotUse::kFree:
      return problem::PoisonPlace::kFreePages;
    case SlotUse::kTail:
      return problem::PoisonPlace::kPageTail;
    case SlotUse::kFuture:
      return problem::PoisonPlace::kFuture;
    case SlotUse::kOutsideWindow:
      return problem::PoisonPlace::kOutsideWindow;
    case SlotUse::kHeard:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace attest::properties
