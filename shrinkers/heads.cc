// Fewer heads: one in all, fewer KV heads with the same group, smaller groups.
#include <cstdint>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

using problem::Case;

namespace {

constexpr std::int64_t kMostSingleHeads = 8;

// The case without KV head `kv_head` and its group.
Case without_kv_head(const Case& base, std::int64_t kv_head) {
  const std::int64_t group = base.problem().group();
  std::vector<std::int64_t> kept_q;
  std::vector<std::int64_t> kept_kv;
  for (std::int64_t head = 0; head < base.problem().num_kv_heads; ++head) {
    if (head == kv_head) continue;
    kept_kv.push_back(head);
    for (std::int64_t member = 0; member < group; ++member) {
      kept_q.push_back(head * group + member);
    }
  }
  return keep_heads(base, kept_q, kept_kv);
}

// The case with the first `size` members of each group, or all but member `without`.
Case with_members(const Case& base, std::int64_t size, std::int64_t without) {
  const std::int64_t group = base.problem().group();
  std::vector<std::int64_t> kept_q;
  std::vector<std::int64_t> kept_kv;
  for (std::int64_t head = 0; head < base.problem().num_kv_heads; ++head) {
    kept_kv.push_back(head);
    for (std::int64_t member = 0; member < size; ++member) {
      if (member != without) kept_q.push_back(head * group + member);
    }
  }
  return keep_heads(base, kept_q, kept_kv);
}

// Which head goes matters where heads differ by more than the recipe's dice.
bool heads_are_told_apart(const Case& base) {
  const problem::Problem& problem = base.problem();
  return !base.values.overrides.empty() || !problem.alibi_slopes.empty() ||
         !problem.sinks.empty() || problem.q_scale.size() > 1 || problem.k_scale.size() > 1 ||
         problem.v_scale.size() > 1;
}

}  // namespace

Proposals fewer_heads(const Case& base) {
  const std::int64_t kv_heads = base.problem().num_kv_heads;
  const std::int64_t group = base.problem().group();
  Proposals result;
  if (kv_heads > 1 && group > 1) result.push_back(with_heads(base, 1, 1));
  for (const std::int64_t heads : ladder(kv_heads, 1)) {
    result.push_back(with_heads(base, heads * group, heads));
  }
  for (const std::int64_t smaller : ladder(group, 1)) {
    result.push_back(with_members(base, smaller, -1));
  }
  if (!heads_are_told_apart(base)) return result;
  if (kv_heads > 1 && kv_heads <= kMostSingleHeads) {
    for (std::int64_t head = 0; head < kv_heads; ++head) {
      result.push_back(without_kv_head(base, head));
    }
  }
  if (group > 1 && group <= kMostSingleHeads) {
    for (std::int64_t member = 0; member < group; ++member) {
      result.push_back(with_members(base, group, member));
    }
  }
  return result;
}

}  // namespace attest::shrinkers
