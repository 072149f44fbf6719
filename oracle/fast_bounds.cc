#include "oracle/fast_bounds.h"

#include <algorithm>
#include <cmath>

#include "oracle/rescales.h"
#include "oracle/statistical.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

// Sizes between which products of values, weights and errors are normal floats.
constexpr double kSmallValue = 0x1p-60;
constexpr double kLargeValue = 0x1p60;

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
  sums.squares = row.squares * grown;
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

void FastBounds::pack(const simd::Keys& keys, const RowShape& shape) {
  // Merges and f64 are the readable bounds' business.
  usable_ = keys.count > 0 && kernel_.merge_levels == 0 && kernel_.u > 0x1p-40;
  for (std::int64_t d = 0; d < keys.dim_v && usable_; ++d) {
    const double size = keys.max_v[d];
    usable_ = size == 0 || (size > kSmallValue && size < kLargeValue);
  }
  if (!usable_) return;
  const bool exact = declared_ && keys.count < kLongRow;
  simd::place_bound_keys(keys, exact, keys_memory_.reserve(simd::bound_keys_size(keys, exact)),
                         keys_);
  keys_.squares = declared_;
  usable_ = engine_.pack(keys_);
  if (!usable_) return;
  share_ = own_share(shape, kernel_);
  work_.memory = work_memory_.reserve(simd::bound_work_size(keys));
  work_.declared = declared_;
  work_.blended = !declared_ && kernel_.p_error == 0 && kernel_.relative_sums &&
                  kernel_.value_lanes == 0 && keys.count >= kLongRow;
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
                                 moves_of(row, r, max_delta + full.max_abs_t * simd::kFloatBlur));
  if (statistical_) constants.deviations = deviation_constants(full, kernel_, constants.keys);
  work.inverse_l = 1 / row.l;
  work.log_weight = full.max_t - row.lse;
  work.top = full.max_t;
  work.slack = rank_slack(kernel_, max_delta) + full.max_abs_t * simd::kFloatBlur;
  work.step = rank_step(full.max_t, work.min_t);
  work.use_ranks = work.step > 0 && (constants.keys.cap > kFewRescales || full.count < kLongRow);
  work.blended = work_.blended;
  work.blend = work_.blended ? blend_of(full, kernel_) : 0;
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
  LaneConstants lane = lane_constants(shape, kernel_, constants.keys, sums);
  lane.blended = work_.blended;
  double share = share_;
  const LaneConstants own = own_lane(shape);
  if (work_.blended) share = std::max(share, own.any_order / work_.rows[r].blend);

  StatisticalConstants deviations;
  if (statistical_) deviations = statistical_constants(shape, kernel_, constants.keys, sums);
  const auto padded = static_cast<std::size_t>(simd::panels(keys.dim_v) * simd::kPanel);
  bound.o.resize(padded);
  bound.ball.resize(padded);
  bound.statistical.assign(padded, kInfinity);
  bound.lse = lse_bound(shape, kernel_, constants.keys, sums);
  engine_.finish(
      {.sums = work_.sums + r * simd::kPanel,
       .sum_stride = simd::panels(keys.dim_v) * simd::kBlockRows * simd::kPanel,
       .panel_stride = simd::kBlockRows * simd::kPanel,
       .dim_v = keys.dim_v,
       .o = row.o,
       .max_v = keys.max_v,
       .v_scale = std::abs(row.v_scale),
       .count = shape.count,
       .ordered = has_order(kernel_),
       .statistical = statistical_,
       .has_sink = shape.has_sink,
       .blended = work_.blended,
       .spread = sums.spread,
       .below = sums.below,
       .on_values = sums.spread + sums.loss + sums.below + work_.rows[r].blend * sums.weight,
       .weight = sums.weight,
       .sink_spread = sums.sink_spread,
       .share = share,
       .lane = &lane,
       .own = &own,
       .deviations = &deviations,
       .bound = bound.o.data(),
       .ball = bound.ball.data(),
       .statistical_bound = bound.statistical.data()});
}

}  // namespace attest::oracle
