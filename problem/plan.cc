#include "problem/plan.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include <fmt/core.h>

namespace attest::problem {
namespace {

using MaybeError = std::optional<std::string>;

/// Every part is an attention call of its own; more of them only cost time.
constexpr std::size_t kMaxParts = 1 << 12;

MaybeError find_error_in_chunks(const Problem& problem, const Plan& plan) {
  if (plan.chunks.empty()) return std::nullopt;
  if (plan.chunks.size() != problem.sequences.size()) {
    return fmt::format("plan.chunks has {} entries: must have one per sequence, {}, or none",
                       plan.chunks.size(), problem.batch());
  }
  for (std::size_t b = 0; b < plan.chunks.size(); ++b) {
    std::int64_t rows = 0;
    for (std::size_t c = 0; c < plan.chunks[b].size(); ++c) {
      const std::int64_t length = plan.chunks[b][c];
      if (length < 0 || length > kMaxTokens) {
        return fmt::format("plan.chunks[{}][{}] = {}: must be in [0, {}]", b, c, length,
                           kMaxTokens);
      }
      rows += length;
    }
    if (rows != problem.sequences[b].q_len) {
      return fmt::format("plan.chunks[{}] adds up to {}: must be q_len, {}", b, rows,
                         problem.sequences[b].q_len);
    }
  }
  return std::nullopt;
}

/// The parts of one sequence must be disjoint and cover [0, kv_len).
MaybeError find_error_in_cover(const Problem& problem, const Plan& plan, std::size_t b) {
  std::vector<std::pair<Range, std::size_t>> ranges;  // not empty, with their part
  for (std::size_t part = 0; part < plan.parts.size(); ++part) {
    const Range range = plan.parts[part][b];
    if (range.begin < range.end) ranges.emplace_back(range, part);
  }
  std::sort(ranges.begin(), ranges.end(), [](const auto& x, const auto& y) {
    return std::pair(x.first.begin, x.second) < std::pair(y.first.begin, y.second);
  });
  const std::int64_t kv_len = problem.sequences[b].kv_len;
  std::int64_t covered = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto& [range, part] = ranges[i];
    if (range.begin < covered) {
      const std::size_t earlier = ranges[i - 1].second;
      return fmt::format("plan.parts[{}][{}] overlaps plan.parts[{}][{}]", std::max(part, earlier),
                         b, std::min(part, earlier), b);
    }
    if (range.begin > covered) {
      return fmt::format("plan.parts: keys [{}, {}) of sequence {} are in no part", covered,
                         range.begin, b);
    }
    covered = range.end;
  }
  if (covered != kv_len) {
    return fmt::format("plan.parts: keys [{}, {}) of sequence {} are in no part", covered, kv_len,
                       b);
  }
  return std::nullopt;
}

MaybeError find_error_in_parts(const Problem& problem, const Plan& plan) {
  if (plan.parts.size() > kMaxParts) {
    return fmt::format("plan.parts has {} parts: at most {}", plan.parts.size(), kMaxParts);
  }
  for (std::size_t part = 0; part < plan.parts.size(); ++part) {
    if (plan.parts[part].size() != problem.sequences.size()) {
      return fmt::format("plan.parts[{}] has {} ranges: must have one per sequence, {}", part,
                         plan.parts[part].size(), problem.batch());
    }
    for (std::size_t b = 0; b < plan.parts[part].size(); ++b) {
      const Range range = plan.parts[part][b];
      const std::int64_t kv_len = problem.sequences[b].kv_len;
      if (range.begin < 0 || range.begin > range.end || range.end > kv_len) {
        return fmt::format("plan.parts[{}][{}] = [{}, {}): must be a range within [0, {})", part, b,
                           range.begin, range.end, kv_len);
      }
    }
  }
  if (plan.parts.empty()) return std::nullopt;
  for (std::size_t b = 0; b < problem.sequences.size(); ++b) {
    if (auto error = find_error_in_cover(problem, plan, b)) return error;
  }
  return std::nullopt;
}

MaybeError find_error_in_merges(const Plan& plan) {
  if (plan.merges.empty()) return std::nullopt;
  const std::size_t num_parts = std::max<std::size_t>(plan.parts.size(), 1);
  if (plan.merges.size() > 2 * kMaxParts) {
    return fmt::format("plan.merges has {} steps: at most {}", plan.merges.size(), 2 * kMaxParts);
  }
  std::vector<bool> used(num_parts, false);
  for (std::size_t step = 0; step < plan.merges.size(); ++step) {
    if (plan.merges[step].empty()) return fmt::format("plan.merges[{}] names no state", step);
    for (std::size_t i = 0; i < plan.merges[step].size(); ++i) {
      const std::int32_t state = plan.merges[step][i];
      if (state < 0 || static_cast<std::size_t>(state) >= used.size()) {
        return fmt::format("plan.merges[{}][{}] = {}: must be in [0, {}) at this step", step, i,
                           state, used.size());
      }
      if (used[static_cast<std::size_t>(state)]) {
        return fmt::format("plan.merges[{}][{}] = {}: this state is merged already", step, i,
                           state);
      }
      used[static_cast<std::size_t>(state)] = true;
    }
    used.push_back(false);  // the state this step makes
  }
  const auto left = std::find(used.begin(), used.end(), false) - used.begin();
  if (static_cast<std::size_t>(left) + 1 != used.size()) {
    return fmt::format("plan.merges: state {} is never merged", left);
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::vector<std::int32_t>> merge_steps(const Plan& plan) {
  if (!plan.merges.empty() || plan.parts.size() < 2) return plan.merges;
  std::vector<std::int32_t> all(plan.parts.size());
  std::iota(all.begin(), all.end(), 0);
  return {all};
}

std::optional<std::string> find_error(const Problem& problem, const Plan& plan) {
  if (auto error = find_error_in_chunks(problem, plan)) return error;
  if (auto error = find_error_in_parts(problem, plan)) return error;
  if (auto error = find_error_in_merges(plan)) return error;
  if (plan.num_splits < 0 || plan.num_splits > kMaxTokens) {
    return fmt::format("plan.num_splits = {}: must be in [0, {}]", plan.num_splits, kMaxTokens);
  }
  return std::nullopt;
}

}  // namespace attest::problem
