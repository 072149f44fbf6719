// Counts of roundings, and of how often keys meet in sums: what row_terms.cc and lane_terms.cc have
// in common. docs/numerics.md. Internal to oracle/.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "oracle/functions.h"
#include "oracle/row_terms.h"
#include "problem/special_values.h"

namespace attest::oracle {

// Counts of roundings on paths that no declaration describes. Each is the largest of the
// implementations known.
inline constexpr double kLaneRoundings =
    1;  // q * scale, kept in the accumulation type, before the product
inline constexpr double kScaleRoundings =
    4;  // scale and log2(e) made constants, their product, the product with q.k
inline constexpr double kStoredScores =
    2;  // scores in a smaller type: after the product, after the scale; after the rest, twice
inline constexpr double kCapRoundings =
    3;  // softcap or its reciprocal made a constant, the division, log2(e)
inline constexpr double kBiasRoundings =
    5;  // slope and log2(e) made constants, two products, the sum before the last
inline constexpr double kBiasAdds = 2;       // ALiBi and an additive bias, each added to the score
inline constexpr double kSinkRoundings = 2;  // log2(e) made a constant, the product

inline constexpr double kShiftRoundings =
    2;  // exp2(s * c - fl(m * c)): the shift is rounded apart from the score
inline constexpr double kSumRoundings = 2;  // v or p scaled or normalised before the sum, once each
inline constexpr double kSpareRescales =
    2;  // a rescale to a shift that is not larger, such as merging parts at the end
inline constexpr double kMergeRoundings =
    4;  // one merge: weight times o, weight over their sum, storing o
inline constexpr double kLerpRoundings =
    4;  // a merge as a + (b - a) w: difference, w (two), product, all relative to b - a
inline constexpr double kShiftToNats = 4;    // two products, the sum with log l, storing lse
inline constexpr double kLogRoundings = 8;   // log l, relative and absolute near 1, to nats
inline constexpr double kNormRoundings = 3;  // reciprocal, product, storing o
inline constexpr double kFloorsPerKey =
    4;  // places where a term of an output sum may fall below the smallest normal
// Denominators this close to 0 say nothing any more; then only the hull bounds the result.
inline constexpr double kSmallestDenominator = 0.05;
// What these formulas themselves lose when all values are subnormal doubles.
inline constexpr double kOwnUnderflow = 8 * kSmallestDouble;
inline constexpr double kLargestExponent = 700;  // e^x stays finite
inline constexpr double kLinear = 0.5;           // largest rho for which key_terms() holds

/// An upper bound of e^x - 1 that is cheap for the usual small x (x + x^2 holds up to 1.79).
inline double expm1_above(double x) {
  return x < kLinear ? x * (1 + x) : functions::exp(std::min(x, kLargestExponent));
}

/// An upper bound of e^x.
inline double exp_above(double x) {
  return x < kLinear ? 1 + x * (1 + x) : functions::exp(std::min(x, kLargestExponent));
}

/// At least -ln(1 - x): the series is below x + x^2 / 2 + x^3 / 2 + ...
inline double minus_log_of_rest(double x) { return x < 1 ? x + x * x / (2 * (1 - x)) : kInfinity; }

/// No computed score is larger in magnitude.
inline double magnitude_of(const RowShape& row, double max_delta) {
  return row.max_abs_t + max_delta;
}

inline double log_count(const RowShape& row) { return functions::log(std::max(2.0, row.count)); }

/// Error of one lse made from m and l.
inline double lse_error(const RowShape& row, const Arithmetic& a, double max_delta) {
  return a.u * (kShiftToNats * (magnitude_of(row, max_delta) + std::abs(a.p_shift)) +
                kLogRoundings * (log_count(row) + 1));
}

/// Tiles that have a visible key: they are told apart by index, and parts need not begin with one.
inline double tiles_touched(const RowShape& row, const Arithmetic& a) {
  if (a.tile <= 0 || a.max_splits <= 0) return row.count;
  const double tiles = std::ceil(row.span / static_cast<double>(a.tile)) + 1;
  return std::min(row.count, tiles + static_cast<double>(a.max_splits));
}

/// Blocks of a matrix unit that have a visible key; each tile begins a new one.
inline double blocks_touched(const RowShape& row, const Arithmetic& a) {
  if (a.mma_depth == 0 || a.tile <= 0) return row.count;
  const auto per_tile = (a.tile + a.mma_depth - 1) / a.mma_depth;  // rounded up
  return std::min(row.count, tiles_touched(row, a) * static_cast<double>(per_tile));
}

/// Roundings that a term of a sum over the keys sees at most. The keys of a lane are told apart by
/// their index, not by how many of them are visible.
inline double key_path(const RowShape& row, const Arithmetic& a, std::int64_t lanes) {
  if (!a.relative_sums) return sum_path(a, row.count, 0, blocks_touched(row, a));
  if (lanes <= 0 || a.max_splits <= 0) return row.count;
  const auto splits = static_cast<double>(a.max_splits);
  return std::min(row.count, longest_path(row.span, lanes) + 1 + splits);
}

/// How often the shift may move past a key.
inline double rescale_cap(const RowShape& row, const Arithmetic& a) {
  return a.rescales ? tiles_touched(row, a) : 0;
}

}  // namespace attest::oracle
