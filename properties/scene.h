// A scene: one call that a property wants made, with the exact contents of its tensors. A case
// gives one scene; properties derive others from it (one row, one sequence, relocated pages, ...).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/kernel_info.h"
#include "problem/case.h"
#include "problem/inputs.h"

namespace attest::properties {

/// What every slot of a paged pool holds, in the order of slots: k, v [slots, num_kv_heads, dim].
struct CacheMemory {
  problem::Elements k, v;
};

struct Scene {
  problem::Problem problem;
  problem::Inputs inputs;
  problem::KvStorage storage;
  std::vector<problem::Poison> poisons;
  /// Per sequence the rows [begin, end) whose results are judged; poison goes only where none of
  /// them may look. Empty: all rows.
  std::vector<problem::Range> judged_rows;
  std::int32_t num_splits = 0;
  std::uint64_t junk_seed =
      0;  ///< draws what unused slots, table tails, workspace and outputs hold before the run
  /// The cache as earlier calls left it, tokens and all; absent: tokens where the block table says
  /// and junk elsewhere. Poisons go on top of either.
  std::shared_ptr<const CacheMemory> memory;
};

/// The scene of a case's attend call, without its poisons.
Scene scene_of(const problem::Case& value);

/// Problem and inputs cut down to one sequence. Storage becomes the sequence's own part of it.
Scene only_sequence(const Scene& scene, std::int64_t b);

/// Rows [first, first + count) of every sequence b in `rows` with keys [0, kv_len[b]): a chunk in
/// the middle of a prompt. Positions are kept (start_pos is set when it is not kv_len - q_len).
struct RowCut {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t kv_len = 0;
};
Scene cut_rows(const Scene& scene, const std::vector<RowCut>& cuts);

/// The same sequences in another order; order[i] is the old index of new sequence i. Repeats are
/// allowed.
Scene reorder_sequences(const Scene& scene, const std::vector<std::int64_t>& order);

/// Query heads `q_heads` and KV heads `kv_heads` (old indices, in new order) only.
Scene select_heads(const Scene& scene, const std::vector<std::int64_t>& q_heads,
                   const std::vector<std::int64_t>& kv_heads);

/// Storage of the same layout for a changed problem: fresh pages in order, page size kept.
problem::KvStorage plain_storage(const problem::Problem& problem, problem::KvLayout layout,
                                 std::int64_t page_size);

}  // namespace attest::properties
