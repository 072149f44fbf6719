#include "oracle/fast_bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oracle/rescales.h"
#include "oracle/statistical.h"

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr std::int64_t kPanelValues = simd::kPanel * simd::kPanel;

// Sizes between which products of values, weights and errors are normal floats.
constexpr double kSmallValue = 0x1p-60;
constexpr double kLargeValue = 0x1p60;
constexpr double kSmallSquare = 0x1p-110;

/// Difference of two numbers that were rounded to float, relative to the larger one.
constexpr double kFloatBlur = 0x1p-22;

// So few rescales are not worth counting key by key, in rows this long.
constexpr double kFewRescales = 16;
constexpr double kLongRow = 256;

bool has_order(const Arithmetic& a) { return a.ordered_block > 0; }

KeySums sums_of(const simd::BoundRow& row, double loss) {
  const double grown = 1 + loss;
  KeySums sums;
  sums.spread = row.spread * grown;
  sums.loss = row.loss * grown;
  sums.below = row.below * grown;
  sums.weight = row.weight * grown;
  sums.common = row.common * grown;
  sums.max_rho = row.max_rho * grown;
  sums.max_common = row.max_common * grown;
  return sums;
}

}  // namespace

FastBounds::FastBounds(const Arithmetic& kernel, const simd::Engine& engine, bool statistical)
    : kernel_(kernel),
      engine_(simd::bound_engine(engine)),
      statistical_(statistical),
      declared_(statistical || has_order(kernel)) {}

void FastBounds::pack(const simd::Keys& keys) {
  // Merges and f64 are the readable bounds' business.
  usable_ = keys.count > 0 && kernel_.merge_levels == 0 && kernel_.u > 0x1p-40;
  for (std::int64_t d = 0; d < keys.dim_v && usable_; ++d) {
    const double size = keys.max_v[d];
    usable_ = size == 0 || (size > kSmallValue && size < kLargeValue);
  }
  const std::int64_t values = simd::panels(keys.count) * simd::panels(keys.dim_v) * kPanelValues;
  for (std::int64_t i = 0; i < values && usable_; ++i) {
    usable_ = static_cast<double>(static_cast<float>(keys.v[i])) == keys.v[i];
  }
  if (!usable_) return;
  simd::place_bound_keys(keys, declared_,
                         keys_memory_.reserve(simd::bound_keys_size(keys, declared_)), keys_);
  engine_.pack(keys_);
  work_.memory = work_memory_.reserve(simd::bound_work_size(keys));
  work_.declared = declared_;
  simd::place_bound_work(keys, work_);
}

double FastBounds::moves_of(const simd::BlockRow& row, std::int64_t r, double max_delta) const {
  const auto score = [&](std::int64_t j) {
    return static_cast<double>(work_.t[simd::panel_entry(r, j)]);
  };
  const auto most = [&](std::int64_t panel) {
    return static_cast<double>(work_.panel_most[panel * simd::kBlockRows + r]);
  };
  return count_moves(row.first, row.last, static_cast<std::int64_t>(work_.rows[r].count), score,
                     most, kernel_, max_delta);
}

void FastBounds::plan_row(const simd::Block& block, std::int64_t r, const RowShape& shape) {
  const simd::BlockRow& row = block.rows[r];
  simd::BoundRow& work = work_.rows[r];
  RowConstants& constants = constants_[r];
  constants.shape = shape;
  RowShape& full = constants.shape;
  const double sink = row.has_sink ? 1 : 0;
  full.count = work.count + sink;
  full.span = static_cast<double>(row.last - row.first) + sink;
  full.has_extra = row.extra_size != nullptr && work.max_extra > 0;
  full.max_t = row.has_sink ? std::max(row.sink, work.max_t) : work.max_t;
  full.max_abs_t = std::max(work.max_abs_t, row.has_sink ? std::abs(row.sink) : 0.0);
  full.max_abs_s = work.max_abs_s;
  full.max_size = work.max_size;
  full.max_extra = work.max_extra;
  full.sum_abs_q = work.sum_abs_q * std::max(1.0, full.q_scale);
  full.sum_abs_k = work.sum_abs_k * std::max(1.0, full.k_scale);
  full.lse = row.lse;
  work.linear = false;
  work.wanted = row.finite && work.count > 0 && row.v_scale != 0 && full.max_size < kLargeValue &&
                full.max_abs_t < kLargeValue && !scores_may_overflow(full, kernel_);
  if (!work.wanted) return;

  constants.scores = score_constants(full, kernel_);
  const double max_delta =
      std::max(largest_score_error(full, constants.scores), sink_error(full, kernel_));
  constants.keys = key_constants(full, kernel_, max_delta,
                                 moves_of(row, r, max_delta + full.max_abs_t * kFloatBlur));
  constants.deviations = deviation_constants(full, kernel_, constants.keys);
  work.inverse_l = 1 / row.l;
  work.log_weight = full.max_t - row.lse;
  work.top = full.max_t;
  work.slack = rank_slack(kernel_, max_delta) + full.max_abs_t * kFloatBlur;
  work.step = rank_step(full.max_t, work.min_t);
  work.use_ranks = constants.keys.cap > kFewRescales || full.count < kLongRow;
  work.scores = &constants.scores;
  work.keys = &constants.keys;
  work.deviations = &constants.deviations;
}

void FastBounds::run(const simd::Block& block, const simd::Scratch& scratch,
                     const std::vector<RowShape>& shapes) {
  for (simd::BoundRow& row : work_.rows) row.wanted = row.linear = false;
  if (!usable_ || scratch.first_panel >= scratch.last_panel) return;
  engine_.survey(block, scratch, keys_, work_);
  for (std::int64_t r = 0; r < block.num_rows; ++r) {
    plan_row(block, r, shapes[static_cast<std::size_t>(r)]);
  }
  engine_.weigh(block, scratch, keys_, work_);
  engine_.sum_lanes(block, scratch, keys_, work_);
}

void FastBounds::bounds_of(std::int64_t r, const simd::BlockRow& row, RowBound& bound) const {
  const simd::Keys& keys = *keys_.keys;
  const RowConstants& constants = constants_[r];
  const RowShape& shape = constants.shape;
  const double loss = simd::float_loss(shape.count);
  KeySums sums = sums_of(work_.rows[r], loss);
  add_sink(shape, kernel_, constants.keys, sums);
  const LaneConstants lane = lane_constants(shape, kernel_, constants.keys, sums);
  const OwnConstants own = own_constants(shape, constants.scores, constants.keys, sums);
  const double on_values = sums.spread + sums.loss + sums.below;

  const auto width = static_cast<std::size_t>(keys.dim_v);
  bound.o.resize(width);
  bound.ball.resize(width);
  bound.statistical.assign(width, kInfinity);
  bound.lse = lse_bound(shape, kernel_, constants.keys, sums);
  const std::int64_t over_outputs = simd::panels(keys.dim_v) * simd::kBlockRows * simd::kPanel;
  const double scale = std::abs(row.v_scale);
  for (std::int64_t d = 0; d < keys.dim_v; ++d) {
    const float* const at =
        work_.sums + (d / simd::kPanel * simd::kBlockRows + r) * simd::kPanel + d % simd::kPanel;
    const auto sum = [&](simd::LaneSum which) {
      return scale * static_cast<double>(at[which * over_outputs]);
    };
    const double most = scale * keys.max_v[d];
    const double size_o = std::abs(row.o[d]);
    // Outputs as floats are off by up to 2^-24 of their size; values are floats.
    const double blur = kFloatBlur * size_o;
    const double floor = simd::kFloatFloor * shape.count * (most + size_o);
    LaneSums lane_sums{.around = sum(simd::kAround) * (1 + loss) + blur * on_values + floor,
                       .size = sum(simd::kSize) * (1 + loss) + floor,
                       .low = -most,
                       .high = most,
                       .range = kInfinity};
    if (kernel_.ordered_block > 0) {
      // Made of upper bounds of the weights instead of the weights: off by what acts on values.
      lane_sums.range = sum(simd::kPrefixHigh) - sum(simd::kPrefixLow) + 4 * loss * lane_sums.size +
                        2 * (lane_sums.around + sums.spread * size_o);
    }
    const auto i = static_cast<std::size_t>(d);
    bound.o[i] = lane_bound(lane_sums, row.o[d], shape, sums, lane);
    bound.ball[i] = lane_ball(lane_sums, row.o[d], sums, lane, own.share, own.lane);
    // Squares of the tiniest weights would underflow in float: then nothing is known.
    const bool squares_known =
        sum(simd::kError) > kSmallSquare && sum(simd::kSquare) > kSmallSquare;
    if (!statistical_ || !squares_known) continue;
    const StatisticalSums statistical{
        .error = scale * sum(simd::kError),
        .square = scale * sum(simd::kSquare),
        .tilt = sum(simd::kTilt),
        .below = std::min(lane_sums.around, sums.below * (most + size_o))};
    bound.statistical[i] = statistical_bound(statistical, lane_sums, row.o[d], shape, kernel_,
                                             constants.keys, sums, lane);
  }
}

}  // namespace attest::oracle
