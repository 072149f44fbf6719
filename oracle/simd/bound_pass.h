// The fast side of the bounds: sums over keys in float, sixteen at a time, from what attend_double
// leaves behind. What the sums mean and what becomes of them is not decided here: key_terms.h and
// lane_bound.h are shared with the readable implementation (oracle/bounds.cc), which the result is
// tested against. Plain data, like engine.h. Internal to oracle/.
//
// Float loses at most float_loss(count) of each sum; whoever uses a sum adds that.
#pragma once

#include <cstdint>

#include "oracle/key_terms.h"
#include "oracle/lane_bound.h"
#include "oracle/simd/engine.h"

namespace attest::oracle::simd {

/// What float copies, products and a sum of `count` terms may lose, relative.
constexpr double float_loss(double count) { return (count + 64) * 0x1p-24; }

/// A key whose weight is below e^-kNegligible counts as nothing; see BoundRow::linear.
inline constexpr double kNegligible = 87;
/// What such keys and underflow of float may lose, per key and unit of |v| + |o|.
inline constexpr double kFloatFloor = 0x1p-124;

/// Float companions of Keys. Memory belongs to the caller.
struct BoundKeys {
  const Keys* keys = nullptr;
  float* v = nullptr;      ///< [output panels, key panels * kPanel, kPanel]
  bool squares = false;    ///< norm_squares is wanted
  float* abs_k = nullptr;  ///< [key panels, dim_qk, kPanel]; null: sizes by Hoelder's inequality
  /// [key panels * kPanel] sum |k|, |k|_2, max |k| and |k * k|_2, a little too large.
  float *norm1 = nullptr, *norm2 = nullptr, *norm_max = nullptr, *norm_squares = nullptr;
};
std::int64_t bound_keys_size(const Keys& keys, bool exact_sizes);  ///< floats
void place_bound_keys(const Keys& keys, bool exact_sizes, float* memory, BoundKeys& bound_keys);

inline constexpr int kRankSteps = 20;

/// One row of a block. The arrays hold one entry per panel_entry(row, key).
struct BoundRow {
  // Found by survey().
  double count = 0;  ///< visible keys
  double min_t = 0, max_t = 0, max_abs_t = 0;
  double max_abs_s = 0, max_size = 0, max_extra = 0;
  double sum_abs_q = 0, sum_abs_k = 0;
  double norm_squares = 0;  ///< |q * q|_2 times the square of the factor

  // Given to weigh().
  bool wanted = false;
  double inverse_l = 1;   ///< 1 / sum_j e^(t_j - max_t)
  double log_weight = 0;  ///< max_t - lse
  double top = 0;         ///< max_t, the sink included
  double slack = 0, step = 0;
  bool use_ranks = true;  ///< false: every key may be rescaled as often as any
  /// With a blended sum: work.around gets this much of the weight as well, see blend_of().
  bool blended = false;
  double blend = 0;
  const ScoreConstants* scores = nullptr;
  const KeyConstants* keys = nullptr;
  const DeviationConstants* deviations = nullptr;

  // Found by weigh().
  bool linear = false;  ///< false: a key errs by too much for sums to first order
  double spread = 0, loss = 0, below = 0, weight = 0, common = 0, squares = 0;
  double max_rho = 0, max_common = 0;
};

/// Sums of one block over the keys, [sum, output panels, kBlockRows, kPanel].
enum LaneSum {
  kAround = 0,  ///< as LaneSums and StatisticalSums
  kSize = 1,
  kPrefixLow = 2,  ///< from here on only when declared
  kPrefixHigh = 3,
  kError = 4,
  kTilt = 5,
};
inline constexpr int kNumLaneSums = 6;

struct BoundWork {
  bool declared = false;  ///< prefixes and statistical sums, too
  bool blended = false;   ///< one sum instead of two; all rows are
  BoundRow rows[kBlockRows];
  float* memory = nullptr;  ///< bound_work_size() floats, aligned to 64 bytes

  // Inside `memory`, entry panel_entry(row, key).
  float* t = nullptr;  ///< set by survey(): scores, -inf for hidden keys; dots or scores of Scratch
  float* size = nullptr;
  float *around = nullptr, *weight = nullptr, *deviation = nullptr, *tilt = nullptr;
  unsigned char* steps = nullptr;  ///< per key of one row, padded to whole registers
  float* panel_most = nullptr;     ///< [key panels, kBlockRows] the largest t
  float* q = nullptr;              ///< [dim_qk, kBlockRows] |q|
  float* sums = nullptr;           ///< [kNumLaneSums, output panels, kBlockRows, kPanel]
};
std::int64_t bound_work_size(const Keys& keys);
void place_bound_work(const Keys& keys, BoundWork& work);

/// One row on its way from sums to bounds. Arrays [output panels * kPanel], but for o.
struct Finish {
  const float* sums = nullptr;    ///< of panel 0; kSumStride and kPanelStride apart
  std::int64_t sum_stride = 0;    ///< floats from one sum to the next
  std::int64_t panel_stride = 0;  ///< floats from one output panel to the next
  std::int64_t dim_v = 0;
  const double* o = nullptr;  ///< [dim_v]
  const double* max_v = nullptr;
  double v_scale = 1;  ///< magnitude
  double count = 0;
  bool ordered = false, statistical = false, has_sink = false, blended = false;
  double spread = 0, below = 0, on_values = 0, weight = 0, sink_spread = 0;  ///< KeySums
  double share = 0;
  const LaneConstants* lane = nullptr;
  const LaneConstants* own = nullptr;
  const StatisticalConstants* deviations = nullptr;
  double *bound = nullptr, *ball = nullptr, *statistical_bound = nullptr;  // written
};

/// What one instruction set offers.
struct BoundEngine {
  const char* name;
  /// Returns false when a value is no float; then the bounds may not be used.
  bool (*pack)(BoundKeys& keys);
  /// Scores and sizes of all rows, after attend_double with keep_scores.
  void (*survey)(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                 BoundWork& work);
  /// Key terms of the wanted rows.
  void (*weigh)(const Block& block, const Scratch& scratch, const BoundKeys& keys, BoundWork& work);
  /// Lane sums of all rows; those of rows that are not wanted mean nothing.
  void (*sum_lanes)(const Block& block, const Scratch& scratch, const BoundKeys& keys,
                    BoundWork& work);
  /// Bounds of the lanes of one row from their sums.
  void (*finish)(const Finish& finish);
  /// One number at a time: oracle/functions.h.
  double (*exp)(double x);
  double (*log)(double x);
  double (*tanh)(double x);
};

/// What squares of the tiniest weights lose to underflow in float, per key.
inline constexpr double kSquareFloor = 0x1p-148;
/// Difference of two numbers that were rounded to float, relative to the larger one.
inline constexpr double kFloatBlur = 0x1p-22;

/// The companion of an engine.
const BoundEngine& bound_engine(const Engine& engine);

}  // namespace attest::oracle::simd
