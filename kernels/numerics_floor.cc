#include "kernels/numerics_floor.h"

#include <algorithm>
#include <cmath>

namespace attest::kernels {
namespace {

using problem::Accumulator;
using problem::DType;
using problem::Numerics;

constexpr double kGap = 8;     // between the two scores
constexpr double kLanes = 16;  // of q and k
constexpr double kKeys = 2;
// An exponential for the weight and, in any order of keys, up to four rescales; of either key.
constexpr double kExponentials = kKeys * (1 + 4);
// Scale and log2(e) as constants, their product, times q.k.
constexpr double kScoreOperations = 4;
// v or p scaled before it is added; the sums of values and of weights alike.
constexpr double kTermOperations = 2;
// Rescaling, normalising.
constexpr double kSumOperations = 8;
constexpr std::int32_t kBitsOfF16 = 11;
// A score is stored before and after it is scaled.
constexpr double kStoredScores = 2;
// One merge as a step from one state towards the other.
constexpr double kStepOperations = 4;
// One lse: maximum, logarithm, sum.
constexpr double kLseOperations = 8;
// Places where a product may underflow.
constexpr double kFloors = 12;

/// Roundings that a term of a sum of products sees at most, and of its product.
double sum_path(double terms, std::int32_t lanes, const Numerics& n) {
  double additions = terms;
  if (lanes > 0) additions = std::min(terms, std::ceil(terms / lanes) + std::log2(lanes));
  if (n.accumulator != Accumulator::kAlignedTruncating) return additions + 1;
  // Of a block, each product and the sum so far are cut at one place, and then the new sum.
  const double depth = std::max(1, n.mma_depth);
  const double cuts = (depth + 1) * std::ldexp(1.0, -n.mma_extra_bits) + 1;
  return cuts * std::ceil(terms / depth) + 1;
}

/// What rounding to `type` adds to arithmetic in `accumulate`.
double rounding(DType type, DType accumulate) {
  const double u = problem::unit_roundoff(type);
  return u > problem::unit_roundoff(accumulate) ? u : 0;
}

class Total {
 public:
  void add(std::string_view field, double share) {
    error_.total += share;
    if (share > error_.largest_share) {
      error_.largest = field;
      error_.largest_share = share;
    }
  }
  /// Second order: the errors so far are exponents, and move the sum that weights are divided by.
  void add_squared() { error_.total += error_.total * error_.total; }
  WeightError take() const { return error_; }

 private:
  WeightError error_;
};

}  // namespace

WeightError weight_error(const Numerics& n, DType q_dtype) {
  const double weight = std::exp(-kGap);
  const double nearest = problem::unit_roundoff(n.accumulate);
  const double u = n.accumulator == Accumulator::kTruncating ? 2 * nearest : nearest;
  const bool fewer_bits = n.product_bits > 0 && std::ldexp(1.0, -n.product_bits) > nearest;
  const double kept = fewer_bits ? std::ldexp(1.0, -n.product_bits) : nearest;
  const double product_u = n.accumulator == Accumulator::kRoundToNearest ? kept : 2 * kept;

  Total total;
  const double products = (kGap * sum_path(kLanes, n.dot_lanes, n) +
                           2 * (sum_path(kKeys, n.value_lanes, n) + kTermOperations)) *
                          product_u;
  total.add(fewer_bits ? "product_bits" : "accumulate", products);
  // The shift is rounded apart from the scores: 2 u per unit.
  total.add("accumulate", (kGap * (kScoreOperations + 2) + kSumOperations) * u);
  if (n.q_prescaled) total.add("q_prescaled", kGap * problem::unit_roundoff(q_dtype));
  total.add("score_dtype", kGap * kStoredScores * rounding(n.score_dtype, n.accumulate));

  const double p_roundoff = rounding(n.p_dtype, n.accumulate);
  // The scale of P is added to the argument.
  const double p_shift = p_roundoff > 0 ? std::abs(n.p_scale_log2) * std::log(2.0) : 0;
  const double way = kGap + kKeys * (2 * n.lazy_rescale + p_shift);
  total.add("exp_ulp", kExponentials * n.exp_ulp * u);
  total.add(n.lazy_rescale > kGap ? "lazy_rescale" : "exp_arg_ulp", way * (n.exp_arg_ulp + 1) * u);

  const double merge_way = kGap + 1 + 2 * n.lazy_rescale;
  const double one_exp = (n.exp_ulp + merge_way * (n.exp_arg_ulp + 1)) * u;
  const double one_lse = kLseOperations * (kGap / 2 + 2) * u;
  // Weights exp(lse_s - lse) that are not divided by their sum err by lse's own error as well.
  const double common = n.merge_normalises ? 0 : one_lse + 2 * one_exp;
  // a + (b - a) w: relative to the difference of the values, which is the larger weight.
  const double step = kStepOperations * u / weight;
  const double one_merge =
      kKeys * (one_lse + one_exp) + step + rounding(n.part_dtype, n.accumulate);
  if (n.merge_levels > 0) {
    // Below the last level, lse's error is in the sums of both keys.
    total.add("merge_levels", n.merge_levels * one_merge + (3 * n.merge_levels - 2) * common);
  }

  const DType smallest = fewer_bits && n.product_bits == kBitsOfF16 ? DType::kF16 : n.accumulate;
  const double tiny = n.keeps_subnormals ? problem::smallest_subnormal(smallest)
                                         : problem::smallest_normal(smallest);
  total.add("keeps_subnormals", kFloors * tiny * std::exp(n.lazy_rescale) / weight);
  total.add_squared();

  const double p_scale = n.p_unnormalised ? std::ldexp(1.0, n.p_scale_log2) : 1;
  if (p_roundoff > 0) {
    const double sums = n.weight_sum == problem::WeightSum::kUnrounded ? 1 : 2;
    total.add("p_dtype",
              sums * p_roundoff + problem::smallest_subnormal(n.p_dtype) / 2 / p_scale / weight);
  }
  return total.take();
}

}  // namespace attest::kernels
