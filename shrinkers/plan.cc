// Fewer chunks, parts, merge steps and splits; cuts further left, parts in key order.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "problem/schedule.h"
#include "shrinkers/ladder.h"
#include "shrinkers/merge_trees.h"
#include "shrinkers/passes.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Plan;
using problem::Range;

namespace {

constexpr std::int64_t kMostPlanPieces = 24;
constexpr std::size_t kMostSingleParts = 8;

void add(const Case& base, Plan plan, Proposals& result) {
  result.push_back(base);
  result.back().plan = std::move(plan);
}

// Chunks [begin, end) of a sequence become one.
std::vector<std::int64_t> joined(const std::vector<std::int64_t>& chunks, std::int64_t begin,
                                 std::int64_t end) {
  std::vector<std::int64_t> result(chunks.begin(), chunks.begin() + begin);
  std::int64_t length = 0;
  for (std::int64_t c = begin; c < end; ++c) length += chunks[static_cast<std::size_t>(c)];
  result.push_back(length);
  result.insert(result.end(), chunks.begin() + end, chunks.end());
  return result;
}

void fewer_chunks(const Case& base, Proposals& result) {
  const auto& chunks = base.plan.chunks;
  if (chunks.empty()) return;
  Plan plan = base.plan;
  plan.chunks.clear();
  add(base, plan, result);
  for (std::size_t b = 0; b < chunks.size(); ++b) {
    const auto count = static_cast<std::int64_t>(chunks[b].size());
    const auto join = [&](std::int64_t begin, std::int64_t end) {
      plan = base.plan;
      plan.chunks[b] = joined(chunks[b], begin, end);
      add(base, plan, result);
    };
    if (count > 2) join(0, count);
    for (const Piece piece : pieces(count, kMostPlanPieces)) {
      if (piece.end - piece.begin > 1) join(piece.begin, piece.end);
    }
    for (std::int64_t c = 0; c + 1 < std::min<std::int64_t>(count, kMostPlanPieces); ++c) {
      join(c, c + 2);
    }
  }
}

Plan without_parts(const Plan& plan, std::int64_t begin, std::int64_t end) {
  Plan result = plan;
  for (std::int64_t part = end; part-- > begin;) {
    if (result.parts.empty()) break;
    result = without_part(result, static_cast<std::size_t>(part));
  }
  return result;
}

void fewer_parts(const Case& base, Proposals& result) {
  const auto count = static_cast<std::int64_t>(base.plan.parts.size());
  if (count == 0) return;
  add(base, without_parts(base.plan, 0, count), result);
  if (count > 3) add(base, without_parts(base.plan, 2, count), result);
  for (const Piece piece : pieces(count, kMostPlanPieces)) {
    add(base, without_parts(base.plan, piece.begin, piece.end), result);
  }
}

// The ranges of each sequence dealt to the parts in key order, empty ones first.
Plan in_key_order(const Plan& plan) {
  Plan result = plan;
  if (plan.parts.empty()) return result;
  for (std::size_t b = 0; b < plan.parts.front().size(); ++b) {
    std::vector<Range> ranges;
    for (const std::vector<Range>& part : plan.parts) {
      const Range range = part[b];
      ranges.push_back(range.begin == range.end ? Range{0, 0} : range);
    }
    std::sort(ranges.begin(), ranges.end(), [](Range x, Range y) {
      return x.begin != y.begin ? x.begin < y.begin : x.end < y.end;
    });
    for (std::size_t part = 0; part < ranges.size(); ++part) result.parts[part][b] = ranges[part];
  }
  return result;
}

void plainer_merges(const Case& base, Proposals& result) {
  const Plan& now = base.plan;
  Plan plan = now;
  plan.merges.clear();
  add(base, plan, result);
  if (now.merges.empty()) return;
  plan.merges = left_fold(now.parts.size());
  add(base, plan, result);
  for (std::size_t step = 0; step + 1 < std::min(now.merges.size(), kMostSingleParts); ++step) {
    plan.merges = with_step_inlined(now.merges, now.parts.size(), step);
    add(base, plan, result);
  }
}

// Moves the cut before `later` to the left, within the part it is taken from.
void move_cuts(const Case& base, Proposals& result) {
  const auto& parts = base.plan.parts;
  for (std::size_t later = 0; later < std::min(parts.size(), kMostSingleParts); ++later) {
    for (std::size_t b = 0; b < std::min(parts[later].size(), kMostSingleParts); ++b) {
      const Range range = parts[later][b];
      if (range.begin == range.end) continue;
      for (std::size_t earlier = 0; earlier < parts.size(); ++earlier) {
        const Range giver = parts[earlier][b];
        if (giver.end != range.begin || giver.begin == giver.end) continue;
        for (const std::int64_t cut : ladder(range.begin, giver.begin)) {
          Plan plan = base.plan;
          plan.parts[earlier][b].end = cut;
          plan.parts[later][b].begin = cut;
          add(base, plan, result);
        }
      }
    }
  }
}

/// First a plainer policy, then fewer random decisions, then another seed. A program's number is
/// the order of its pages, too.
void plainer_schedules(const Case& base, Proposals& result) {
  using problem::Schedule;
  const std::uint64_t now = base.plan.schedule_seed;
  const auto propose = [&](std::uint64_t seed) {
    if (seed >= now) return;
    Plan plan = base.plan;
    plan.schedule_seed = seed;
    add(base, plan, result);
  };
  for (std::uint64_t seed = 0; seed < 4; ++seed) propose(seed);
  const Schedule schedule = problem::schedule_of(now);
  for (const auto policy : {problem::SchedulePolicy::kReverse, problem::SchedulePolicy::kRandom,
                            problem::SchedulePolicy::kPermutation}) {
    if (policy >= schedule.policy) break;
    propose(problem::schedule_seed_of({.policy = policy, .seed = schedule.seed}));
  }
  for (const std::int64_t horizon : ladder(schedule.horizon, 0)) {
    Schedule shorter = schedule;
    shorter.horizon = static_cast<std::uint32_t>(horizon);
    propose(problem::schedule_seed_of(shorter));
  }
  for (std::uint32_t seed = 0; seed < std::min<std::uint32_t>(schedule.seed, 4); ++seed) {
    Schedule other = schedule;
    other.seed = seed;
    propose(problem::schedule_seed_of(other));
  }
}

}  // namespace

Proposals simpler_plan(const Case& base) {
  Proposals result;
  const Plan& now = base.plan;
  add(base, Plan{}, result);
  fewer_parts(base, result);
  plainer_merges(base, result);
  Plan ordered = in_key_order(now);
  ordered.merges.clear();
  add(base, ordered, result);
  add(base, in_key_order(now), result);
  move_cuts(base, result);
  fewer_chunks(base, result);
  for (const std::int64_t splits : ladder(now.num_splits, 0)) {
    Plan plan = now;
    plan.num_splits = static_cast<std::int32_t>(splits);
    add(base, plan, result);
  }
  plainer_schedules(base, result);
  return result;
}

}  // namespace attest::shrinkers
