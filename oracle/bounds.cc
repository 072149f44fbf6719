#include "oracle/bounds.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <utility>

#include "oracle/functions.h"
#include "oracle/rescales.h"
#include "oracle/statistical.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

/// Of the types, in the order of DType.
struct TypeSizes {
  double smallest_normal, unit_roundoff;
};
const std::array<TypeSizes, problem::kNumDTypes> kTypeSizes = [] {
  std::array<TypeSizes, problem::kNumDTypes> sizes{};
  for (const problem::DType type : problem::all_dtypes()) {
    sizes[static_cast<std::size_t>(type)] = {problem::smallest_normal(type),
                                             problem::unit_roundoff(type)};
  }
  return sizes;
}();

/// Per key, what lane sums need.
struct KeyArrays {
  double* around;  ///< spread + loss + below
  double* weight;
  double* deviation;  ///< p times the standard deviation of the weight's relative error
  double* tilt;       ///< p * s
  double* below;
};

/// Per lane, sums over the keys.
struct LaneArrays {
  double *around, *size, *low, *high;
  double *prefix, *prefix_low, *prefix_high;
  double *error, *tilt, *below;
};
constexpr std::size_t kLaneArrays = 10;
constexpr std::size_t kKeyArrays = 5;

void measure(BoundInput& row) {
  RowShape& shape = row.shape;
  const double sink = shape.has_sink ? 1 : 0;
  shape.count = static_cast<double>(row.t.size()) + sink;
  shape.span = row.keys.empty()
                   ? shape.count
                   : static_cast<double>(row.keys.back() - row.keys.front() + 1) + sink;
  shape.max_t = shape.has_sink ? shape.sink : -kInfinity;
  shape.max_abs_t = shape.has_sink ? std::abs(shape.sink) : 0;
  shape.max_abs_s = shape.max_size = shape.max_extra = 0;
  for (std::size_t j = 0; j < row.t.size(); ++j) {
    shape.max_t = std::max(shape.max_t, row.t[j]);
    shape.max_abs_t = std::max(shape.max_abs_t, std::abs(row.t[j]));
    shape.max_abs_s = std::max(shape.max_abs_s, std::abs(row.s[j]));
    shape.max_size = std::max(shape.max_size, row.abs_s[j]);
    if (!row.extra.empty()) shape.max_extra = std::max(shape.max_extra, row.extra[j]);
  }
  shape.has_extra = shape.max_extra > 0;
}

KeySums weigh_keys(const BoundInput& row, const Arithmetic& a, const ScoreConstants& scores,
                   const KeyConstants& constants, const Ranks& ranks, const KeyArrays& out) {
  const RowShape& shape = row.shape;
  const DeviationConstants deviations = deviation_constants(shape, a, constants);
  const bool statistical = !row.squares.empty();
  KeySums sums;
  for (std::size_t j = 0; j < row.t.size(); ++j) {
    const double abs_s = std::abs(row.s[j]);
    const double extra = shape.has_extra ? row.extra[j] : 0;
    const double delta =
        score_error(abs_s, row.abs_s[j], extra, std::abs(row.t[j]), scores, shape.has_extra);
    const KeyTerms<double> key =
        any_key_terms(row.t[j], row.p[j], delta, ranks.of(row.t[j]), shape, constants);
    sums.add(key.spread, key.loss, key.below, key.weight, key.rho, key.common);
    sums.squares += row.p[j] * row.p[j];
    out.around[j] = key.spread + key.loss + key.below;
    out.weight[j] = key.weight;
    if (!statistical) continue;
    out.deviation[j] =
        row.p[j] * std::sqrt(weight_variance(row.squares[j], abs_s, shape.max_t - row.t[j], extra,
                                             deviations));
    out.tilt[j] = row.p[j] * row.s[j];
    out.below[j] = key.below;
  }
  add_sink(shape, a, constants, sums);
  return sums;
}

/// Running sums of p v in order of the keys.
void add_prefixes(const BoundInput& row, const LaneArrays& lanes) {
  const auto width = static_cast<std::size_t>(row.head_dim_v);
  for (std::size_t j = 0; j < row.t.size(); ++j) {
    const double* const v = row.v.data() + j * width;
    for (std::size_t d = 0; d < width; ++d) {
      lanes.prefix[d] += row.p[j] * v[d];
      lanes.prefix_low[d] = smaller(lanes.prefix[d], lanes.prefix_low[d]);
      lanes.prefix_high[d] = larger(lanes.prefix[d], lanes.prefix_high[d]);
    }
  }
}

void add_values(const BoundInput& row, const KeyArrays& keys, const LaneArrays& lanes) {
  const auto width = static_cast<std::size_t>(row.head_dim_v);
  const bool statistical = !row.squares.empty();
  for (std::size_t j = 0; j < row.t.size(); ++j) {
    const double* const v = row.v.data() + j * width;
    for (std::size_t d = 0; d < width; ++d) {
      lanes.around[d] += keys.around[j] * std::abs(v[d] - row.o[d]);
      lanes.size[d] += keys.weight[j] * std::abs(v[d]);
      lanes.low[d] = smaller(v[d], lanes.low[d]);
      lanes.high[d] = larger(v[d], lanes.high[d]);
    }
    if (!statistical) continue;
    for (std::size_t d = 0; d < width; ++d) {
      const double distance = v[d] - row.o[d];
      const double error = keys.deviation[j] * distance;
      lanes.error[d] += error * error;
      lanes.tilt[d] += keys.tilt[j] * distance;
      lanes.below[d] += keys.below[j] * std::abs(distance);
    }
  }
}

LaneSums<double> sums_of_lane(const LaneArrays& lanes, const Arithmetic& a, std::size_t d) {
  LaneSums<double> sums{.around = lanes.around[d],
                        .size = lanes.size[d],
                        .low = lanes.low[d],
                        .high = lanes.high[d],
                        .range = kInfinity};
  if (a.ordered_block > 0) sums.range = lanes.prefix_high[d] - lanes.prefix_low[d];
  return sums;
}

void set_vacuous(const BoundInput& row, RowBound& bound) {
  const auto lanes = static_cast<std::size_t>(row.head_dim_v);
  bound.o.assign(lanes, row.t.empty() ? 0 : kInfinity);
  bound.statistical.assign(lanes, kInfinity);
  bound.ball.assign(lanes, kInfinity);
  bound.lse = kInfinity;
}

/// Moves of the shift, see count_moves().
double moves_of(const BoundInput& row, const Arithmetic& kernel, double max_delta) {
  if (row.t.empty()) return 0;
  const std::int64_t first = row.keys.empty() ? 0 : row.keys.front();
  const std::int64_t last = row.keys.empty() ? std::ssize(row.t) : row.keys.back() + 1;
  std::vector<double> t(static_cast<std::size_t>(last - first), -kInfinity);
  for (std::size_t i = 0; i < row.t.size(); ++i) {
    t[row.keys.empty() ? i : static_cast<std::size_t>(row.keys[i] - first)] = row.t[i];
  }
  const auto score = [&](std::int64_t j) { return t[static_cast<std::size_t>(j - first)]; };
  const auto most = [](std::int64_t /*panel*/) { return kInfinity; };
  return count_moves(first, last, std::ssize(row.t), score, most, kernel, max_delta);
}

}  // namespace

void row_bounds(BoundInput& row, const Arithmetic& kernel, BoundScratch& scratch, RowBound& bound) {
  measure(row);
  const RowShape& shape = row.shape;
  set_vacuous(row, bound);
  if (scores_may_overflow(shape, kernel)) return;
  const ScoreConstants scores = score_constants(shape, kernel);
  const double max_delta = std::max(largest_score_error(shape, scores), sink_error(shape, kernel));
  const KeyConstants constants =
      key_constants(shape, kernel, max_delta, moves_of(row, kernel, max_delta));
  const Ranks ranks = rank_scores(row.t, shape, kernel, max_delta);

  const std::size_t n = row.t.size();
  scratch.terms.assign(kKeyArrays * n, 0);
  double* next = scratch.terms.data();
  const KeyArrays keys{next, next + n, next + 2 * n, next + 3 * n, next + 4 * n};
  const KeySums sums = weigh_keys(row, kernel, scores, constants, ranks, keys);
  bound.lse = lse_bound(shape, kernel, constants, sums);
  if (n == 0) return;

  const auto width = static_cast<std::size_t>(row.head_dim_v);
  scratch.lanes.assign(kLaneArrays * width, 0);
  double* at = scratch.lanes.data();
  const auto take = [&] { return std::exchange(at, at + width); };
  const LaneArrays lanes{take(), take(), take(), take(), take(),
                         take(), take(), take(), take(), take()};
  std::copy_n(row.v.begin(), width, lanes.low);
  std::copy_n(row.v.begin(), width, lanes.high);
  add_values(row, keys, lanes);
  if (kernel.ordered_block > 0) add_prefixes(row, lanes);

  const LaneConstants lane = lane_constants(shape, kernel, constants, sums);
  const LaneConstants own = own_lane(shape);
  const double share = own_share(shape, kernel);
  const StatisticalConstants deviations = statistical_constants(shape, kernel, constants, sums);
  for (std::size_t d = 0; d < width; ++d) {
    const LaneSums<double> of_lane = sums_of_lane(lanes, kernel, d);
    const double o = row.o[d];
    bound.o[d] = lane_bound(of_lane, o, shape.has_sink, sums.sink_spread, lane);
    bound.ball[d] = lane_ball(of_lane, o, sums.weight, sums.sink_spread, lane, share, own);
    if (row.squares.empty()) continue;
    const StatisticalSums<double> statistical{
        .error = lanes.error[d], .tilt = lanes.tilt[d], .below = lanes.below[d]};
    bound.statistical[d] = statistical_bound(statistical, of_lane, o, deviations, lane);
  }
}

RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s,
                     std::span<const double> o, double lse, const Arithmetic& arithmetic) {
  const std::size_t lanes = o.size();
  std::vector<double> t, p, v;
  for (std::size_t s = 0; s < lse_s.size(); ++s) {
    if (lse_s[s] == -kInfinity) continue;
    t.push_back(lse_s[s]);
    p.push_back(functions::exp(lse_s[s] - lse));
    const auto first = o_s.begin() + static_cast<std::ptrdiff_t>(s * lanes);
    v.insert(v.end(), first, first + static_cast<std::ptrdiff_t>(lanes));
  }
  RowBound bound;
  bound.o.assign(lanes, 0);
  bound.statistical.assign(lanes, kInfinity);
  bound.ball.assign(lanes, kInfinity);
  if (t.empty()) return bound;
  Arithmetic a = arithmetic;
  a.merge_levels =
      static_cast<int>(std::max<std::size_t>(1, t.size() - 1));  // at most: pair by pair
  // No tensor cores at work here, and no order of keys.
  a.p_error = a.p_tiny = a.q_error = a.q_tiny = a.score_error = a.score_tiny = 0;
  a.q_largest = a.score_largest = 0;
  a.tile = a.ordered_block = a.value_lanes = a.weight_lanes = 0;
  const std::vector<double> zero(t.size(), 0);
  BoundScratch scratch;
  BoundInput row{.shape = {.lse = lse},
                 .head_dim_v = static_cast<std::int64_t>(lanes),
                 .s = zero,
                 .abs_s = zero,
                 .t = t,
                 .p = p,
                 .v = v,
                 .o = o};
  row_bounds(row, a, scratch, bound);
  return bound;
}

double output_rounding(problem::DType type, double magnitude) {
  // u * 2^e for numbers in [2^e, 2^(e+1)), and never less than for the smallest normal number.
  const TypeSizes& sizes = kTypeSizes[static_cast<std::size_t>(type)];
  const double size = std::max(std::abs(magnitude), sizes.smallest_normal);
  if (!std::isfinite(size)) return kInfinity;
  constexpr std::uint64_t kExponent = std::uint64_t{0x7ff} << 52;
  const auto power = std::bit_cast<double>(std::bit_cast<std::uint64_t>(size) & kExponent);
  return sizes.unit_roundoff * power;
}

}  // namespace attest::oracle
