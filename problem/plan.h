// How a call is carried out: chunks of queries, partitions of keys, the order and tree in which
// states merge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "problem/problem.h"

namespace attest::problem {

/// Keys [begin, end) of one sequence.
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

struct Plan {
  /// Per sequence the lengths of its query chunks, in order; they sum to q_len. Empty: one chunk.
  std::vector<std::vector<std::int64_t>> chunks;
  /// Per part, per sequence: the keys of that part. The parts of a sequence are disjoint and cover
  /// [0, kv_len); they may be empty and come in any order. Empty: one part.
  std::vector<std::vector<Range>> parts;
  /// Each step merges the named states into a new one, numbered parts.size(), parts.size() + 1, ...
  /// Every state is used once; the last step makes the result. Empty: one step over all parts in
  /// order.
  std::vector<std::vector<std::int32_t>> merges;
  std::int32_t num_splits = 0;      ///< what the kernel is asked for; 0: it chooses
  std::uint64_t schedule_seed = 0;  ///< thread schedule of the SIMT executor

  friend bool operator==(const Plan&, const Plan&) = default;
};

/// The merge steps with the default filled in; none when there is at most one part and no step is
/// asked for.
std::vector<std::vector<std::int32_t>> merge_steps(const Plan& plan);

std::optional<std::string> find_error(const Problem& problem, const Plan& plan);

}  // namespace attest::problem
