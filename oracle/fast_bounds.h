// Bounds of the rows of a block from what the engine left behind: the same formulas as bounds.h, on
// sums that oracle/simd/bound_pass.h made in float. Rows that the sums do not cover (scores too
// wrong for first order, merged partial states, values far from 1) are left to bounds.h. Internal
// to oracle/.
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/aligned.h"
#include "oracle/bounds.h"
#include "oracle/simd/bound_pass.h"
#include "oracle/simd/engine.h"

namespace attest::oracle {

class FastBounds {
 public:
  /// `statistical`: statistical bounds, too. Keeps the reference to `kernel`.
  FastBounds(const Arithmetic& kernel, const simd::Engine& engine, bool statistical);

  /// Once per KV head, after the engine has packed its keys. `shape`: of any row of the head,
  /// without what RowShape says of the visible keys.
  void pack(const simd::Keys& keys, const RowShape& shape);
  /// After attend_double with keep_scores. `shapes`: one per row, without what RowShape says of the
  /// visible keys.
  void run(const simd::Block& block, const simd::Scratch& scratch,
           const std::vector<RowShape>& shapes);

  /// False when the bounds of row `r` have to come from row_bounds().
  bool covers(std::int64_t r) const { return work_.rows[r].wanted && work_.rows[r].linear; }
  /// Of a row that is covered. Vectors are resized, to whole panels.
  void bounds_of(std::int64_t r, const simd::BlockRow& row, RowBound& bound) const;

 private:
  /// Constants of one row, once its scores are surveyed.
  struct RowConstants {
    RowShape shape;
    ScoreConstants scores;
    KeyConstants keys;
    DeviationConstants deviations;
  };
  /// Sets whether the row is wanted, and its constants.
  void plan_row(const simd::Block& block, std::int64_t r, const RowShape& shape);
  double moves_of(const simd::BlockRow& row, std::int64_t r, double max_delta) const;

  const Arithmetic& kernel_;
  const simd::BoundEngine& engine_;
  const bool statistical_;
  const bool declared_;
  double share_ = 0;     ///< own_share()
  bool usable_ = false;  ///< values are of a size that float can do
  simd::BoundKeys keys_;
  simd::BoundWork work_;
  AlignedMemory<float> keys_memory_, work_memory_;
  RowConstants constants_[simd::kBlockRows];
};

}  // namespace attest::oracle
