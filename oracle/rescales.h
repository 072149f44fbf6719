// How often the running shift of an online softmax may move past a key: what each rescale costs is
// the largest part of many bounds. docs/numerics.md, section 4. Internal to oracle/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "oracle/arithmetic.h"
#include "oracle/row_terms.h"
#include "oracle/simd/bound_pass.h"
#include "problem/special_values.h"

namespace attest::oracle {

/// Keys whose score is at least top - (i + 1) * step, for a few i. Only a key with a larger
/// computed score moves the shift past another: so often at most, whatever the order of the keys.
struct Ranks {
  static constexpr int kSteps = simd::kRankSteps;
  double top = 0;
  double step = 0;
  double slack = 0;               ///< computed scores may come out this much higher than another's
  double count[kSteps + 1] = {};  ///< the last: all keys, and the sink

  /// Of a key with score `t`.
  double of(double t) const;
  /// Which i is the first whose threshold `score` reaches; kSteps: none.
  int step_at(double score) const;
};

/// `max_delta`: the largest error of a score.
Ranks rank_scores(std::span<const double> t, const RowShape& row, const Arithmetic& a,
                  double max_delta);
double rank_step(double max_t, double min_t);
double rank_slack(const Arithmetic& a, double max_delta);

/// Counts the blocks of keys, visited in order, whose largest score comes within `slack` of all
/// before them or beats them.
class RecordCounter {
 public:
  explicit RecordCounter(double slack) : slack_(slack) {}
  void visit(std::int64_t block, double score) {
    if (block != block_) {
      best_ = std::max(best_, in_block_);
      in_block_ = -kInfinity;
      counted_ = false;
      block_ = block;
    }
    in_block_ = std::max(in_block_, score);
    if (!counted_ && score >= best_ - slack_) {
      counted_ = true;
      found_ += 1;
    }
  }
  /// True when keys with no larger score than this need not be visited.
  bool below(double largest) const { return largest < best_ - slack_; }
  double found() const { return found_; }

 private:
  double slack_;
  double best_ = -kInfinity;      // before this block
  double in_block_ = -kInfinity;  // so far
  std::int64_t block_ = -1;
  bool counted_ = false;
  double found_ = 0;
};

/// With keys in order and one part, moves of the shift in all: the blocks or tiles that are
/// records, up the keys or down. Infinite when no such order is
/// declared. Keys [first, last), count > 0 of them visible; score(j): -inf for a hidden one;
/// most(panel): at least the largest score of panel `panel` (keys panel * kPanel ...).
template <typename Score, typename Most>
double count_moves(std::int64_t first, std::int64_t last, std::int64_t count, Score score,
                   Most most, const Arithmetic& a, double max_delta) {
  constexpr double kHidden = -kInfinity;
  if (a.ordered_block == 0 || a.tile == 0 || a.max_splits != 1) return -kHidden;
  const std::int64_t block = std::max(a.ordered_block, a.tile);
  const std::int64_t whole_tiles = (a.ordered_block + a.tile - 1) / a.tile;  // of a block
  const auto tiles = static_cast<double>(whole_tiles);
  if (last <= block) return tiles;  // there is one block, and it is a record
  while (score(first) == kHidden) ++first;
  while (score(last - 1) == kHidden) --last;
  const bool holes = last - first != count;
  double found = 0;
  // Blocks are counted from key 0, or from the first visible key, or over visible keys only.
  for (int way = 0; way < (holes ? 3 : first % block != 0 ? 2 : 1); ++way) {
    for (const bool down : {false, true}) {
      RecordCounter counter(2 * max_delta);
      std::int64_t ordinal = down ? count : -1;
      const std::int64_t panels = (last - 1) / simd::kPanel - first / simd::kPanel + 1;
      for (std::int64_t i = 0; i < panels; ++i) {
        const std::int64_t panel = down ? (last - 1) / simd::kPanel - i : first / simd::kPanel + i;
        if (way < 2 && counter.below(most(panel))) continue;
        const std::int64_t begin = std::max(first, panel * simd::kPanel);
        const std::int64_t end = std::min(last, (panel + 1) * simd::kPanel);
        for (std::int64_t k = begin; k < end; ++k) {
          const std::int64_t j = down ? begin + end - 1 - k : k;
          const double t = score(j);
          if (t == kHidden) continue;
          ordinal += down ? -1 : 1;
          counter.visit((way == 0 ? j : way == 1 ? j - first : ordinal) / block, t);
        }
      }
      found = std::max(found, counter.found());
    }
  }
  return found * tiles;
}

}  // namespace attest::oracle
