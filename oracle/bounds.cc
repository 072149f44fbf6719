#include "oracle/bounds.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace attest::oracle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Counts of roundings on paths that no declaration describes. Each is the largest of the implementations known.
constexpr double kLaneRoundings = 1;   // q * scale, kept in the accumulation type, before the product
constexpr double kScaleRoundings = 4;  // scale and log2(e) made constants, their product, the product with q.k
constexpr double kCapRoundings = 3;    // softcap or its reciprocal made a constant, the division, log2(e)
constexpr double kBiasRoundings = 5;   // slope and log2(e) made constants, two products, the sum before the last
constexpr double kBiasAdds = 2;        // ALiBi and an additive bias, each added to the score
constexpr double kSinkRoundings = 2;   // log2(e) made a constant, the product
constexpr double kShiftRoundings = 2;  // exp2(s * c - fl(m * c)): the shift is rounded apart from the score
constexpr double kSumRoundings = 2;    // v or p scaled or normalised before the sum, once each
constexpr double kSpareRescales = 2;   // a rescale to a shift that is not larger, such as merging parts at the end
constexpr double kMergeRoundings = 4;  // one merge: weight times o, weight over their sum, storing o
constexpr double kLseRoundings = 8;    // m to nats, log (relative, and absolute near 1), the sum, storing lse
constexpr double kNormRoundings = 3;   // reciprocal, product, storing o
constexpr double kFloorsPerKey = 4;    // places where a term of an output sum may fall below the smallest normal
// The formulas are themselves evaluated in double, from values that are correct to their ball only.
constexpr double kSafety = 1.001;
// Denominators this close to 0 say nothing any more; then only the hull bounds the result.
constexpr double kSmallestDenominator = 0.05;

/// k roundings of relative size u in a row: (1 + u)^k - 1 at most. Source: Higham, ASNA, lemma 3.1.
double gamma(double k, double u) {
  const double x = k * u;
  return x < 0.5 ? x / (1 - x) : kInfinity;
}

/// An upper bound of e^x - 1 that is cheap for the usual small x (x + x^2 holds up to 1.79).
double expm1_above(double x) { return x < 0.5 ? x * (1 + x) : std::expm1(x); }

/// |computed t_j - t_j|, numerics.md section 2.
double score_error(const BoundInput& row, const Arithmetic& a, double dot_gamma, double scale_gamma, double floor,
                   std::size_t j) {
  const double abs_s = std::abs(row.s[j]);
  double error = (dot_gamma + a.q_error) * row.abs_s[j] + floor;
  error += scale_gamma * (abs_s + error);
  double magnitude = abs_s;
  if (row.softcap > 0) {
    error += kCapRoundings * a.u * (abs_s + error);
    // tanh is flat far from 0: its slope between |s| - error and |s| + error is at most the one nearest to 0.
    const double inner = std::tanh(std::max(0.0, (abs_s - error) / row.softcap));
    magnitude = std::min(abs_s, row.softcap);
    const double flat = (1 - inner * inner) * error;
    error = flat + (a.tanh_error + kCapRoundings * a.u) * (magnitude + flat);
  }
  if (!row.bias.empty()) {
    error += a.u * (kBiasRoundings * row.bias[j] + kBiasAdds * (std::abs(row.t[j]) + error));
  }
  return error;
}

/// A softmax-weighted mean whose scores are wrong by at most delta: what attend and merge have in common.
struct Mean {
  std::span<const double> t, p, delta;  ///< [n]
  bool has_sink = false;
  double sink = 0;
  double sink_delta = 0;
  std::int64_t head_dim_v = 0;
  std::span<const double> v;  ///< [n, head_dim_v]
  std::span<const double> o;
  double lse = 0;
  double v_scale = 1;
  double num_scales = 0;
  bool base_2_lse = false;
};

/// Numbers of a row that every key and lane needs.
struct RowTerms {
  double count = 0;      ///< keys, and the sink
  double max_t = 0;
  double max_delta = 0;
  double magnitude = 0;  ///< no computed score is larger
  double log_count = 0;
  double lse_error = 0;
  double rank_factor = 0;
};

/// Sums over keys.
struct KeySums {
  double spread = 0;   ///< sum p_j (e^rho_j - 1)
  double total = 0;    ///< relative error of the denominator's sum
  double common = 0;   ///< relative error that all outputs of a merge share
  double floors = 0;   ///< weights that underflow
  double max_rho = 0;
  double max_rounding = 0;
  double max_common = 0;
  double sink_spread = 0;
};

struct KeyWeights {
  double spread;  ///< of |v_j - o|
  double sum;     ///< of |v_j|
};

RowTerms row_terms(const Mean& mean, const Arithmetic& a) {
  RowTerms row;
  row.count = static_cast<double>(mean.t.size()) + (mean.has_sink ? 1 : 0);
  row.max_t = mean.has_sink ? mean.sink : -kInfinity;
  row.max_delta = mean.has_sink ? mean.sink_delta : 0;
  double magnitude = mean.has_sink ? std::abs(mean.sink) : 0;
  for (std::size_t j = 0; j < mean.t.size(); ++j) {
    row.max_t = std::max(row.max_t, mean.t[j]);
    row.max_delta = std::max(row.max_delta, mean.delta[j]);
    magnitude = std::max(magnitude, std::abs(mean.t[j]));
  }
  row.magnitude = magnitude + row.max_delta;
  row.log_count = std::log(std::max(2.0, row.count));
  row.lse_error = kLseRoundings * a.u * (row.magnitude + row.log_count + 1);
  row.rank_factor = std::exp(std::min(2 * row.max_delta + a.lazy, 700.0));
  return row;
}

KeyWeights add_key(double t, double p, double delta, const RowTerms& row, const Mean& mean, const Arithmetic& a,
                   KeySums& sums) {
  // Only keys with a larger computed score move the shift past this one, and no more than 1 / y keys have a
  // probability of at least y.
  double rescales = 0;
  if (a.rescales) {
    rescales = p > 0 ? std::min(row.count, row.rank_factor / p) : row.count;
    rescales += kSpareRescales;
  }
  // All arguments of exp on the way of this key, added up: the shift rises from below t to the maximum.
  const double way = row.max_t - t + delta + row.max_delta + 2 * a.lazy;
  double rho = delta + a.exp_arg_error * way + kShiftRoundings * a.u * row.magnitude + (1 + rescales) * a.exp_error;
  double common = 0;
  if (a.merge_levels > 0) {
    const double one_exp = a.exp_arg_error * (way + row.log_count) + a.exp_error;
    rho += a.merge_levels * (row.lse_error + one_exp);
    common = row.lse_error + 2 * one_exp;
  }
  // e^(t - lse + rho) >= p (e^rho - 1) also where p itself underflows.
  const double spread = rho < 0.5 ? p * rho * (1 + rho) : std::exp(std::min(t - mean.lse + rho, 700.0));
  const double weight = p + spread;

  double rounding = gamma(a.path * (row.count + 1) + rescales + kSumRoundings + mean.num_scales, a.u);
  if (a.merge_levels > 0) rounding += gamma(row.count + kMergeRoundings * a.merge_levels, a.u);
  rounding += a.p_error * (1 + rounding);
  const double below_p = std::min(weight, a.p_tiny);

  sums.spread += spread;
  sums.total += weight * rounding + below_p;
  sums.common += weight * common;
  sums.floors += 1 + rescales;
  sums.max_rho = std::max(sums.max_rho, rho);
  sums.max_rounding = std::max(sums.max_rounding, rounding);
  sums.max_common = std::max(sums.max_common, common);
  const double inner_merges = std::max(0, a.merge_levels - 1) * common;
  return {.spread = spread, .sum = weight * (rounding + inner_merges) + below_p};
}

double lse_bound(const Mean& mean, const RowTerms& row, const KeySums& sums, const Arithmetic& a) {
  const double relative = sums.spread + sums.total + sums.floors;
  double bound = relative < 1 ? -std::log1p(-relative) : kInfinity;
  // ln sum exp moves by no more than its largest argument does.
  const double roundings = sums.max_rounding + sums.floors;
  if (roundings < 1) bound = std::min(bound, sums.max_rho - std::log1p(-roundings));
  bound += (1 + a.merge_levels) * row.lse_error;
  if (mean.base_2_lse) bound += 2 * a.u * std::abs(mean.lse);
  return bound * kSafety;
}

/// Sums over all keys for kBlock neighbouring lanes, in registers.
template <std::size_t kBlock>
struct LaneSums {
  double around[kBlock] = {};  ///< sum spread_j |v_j - o|
  double size[kBlock] = {};    ///< sum sum_j |v_j|
  double low[kBlock], high[kBlock];
};

template <std::size_t kBlock>
LaneSums<kBlock> sum_lanes(const Mean& mean, const BoundScratch& scratch, std::size_t first) {
  const auto lanes = static_cast<std::size_t>(mean.head_dim_v);
  LaneSums<kBlock> sums;
  double o[kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) {
    o[i] = mean.o[first + i];
    sums.low[i] = sums.high[i] = mean.v[first + i];
  }
  const double* v = mean.v.data() + first;
  for (std::size_t j = 0; j < mean.t.size(); ++j, v += lanes) {
    const double spread = scratch.spread[j];
    const double sum = scratch.sum[j];
    for (std::size_t i = 0; i < kBlock; ++i) {
      sums.around[i] += spread * std::abs(v[i] - o[i]);
      sums.size[i] += sum * std::abs(v[i]);
      sums.low[i] = v[i] < sums.low[i] ? v[i] : sums.low[i];
      sums.high[i] = v[i] > sums.high[i] ? v[i] : sums.high[i];
    }
  }
  return sums;
}

/// What all lanes of a row share.
struct LaneTerms {
  double denominator, last, hull_rounding, merge_gain, floor, largest;
};

double lane_bound(double around, double size, double low, double high, double o, const Mean& mean, const KeySums& sums,
                  const LaneTerms& terms) {
  const double size_o = std::abs(o);
  const double size_v = std::max(std::abs(low), std::abs(high));
  if (!(size_v < terms.largest)) return kInfinity;
  double bound = kInfinity;
  if (terms.denominator > kSmallestDenominator && sums.common < 0.5) {
    const double numerator = around + sums.sink_spread * size_o + size + sums.total * size_o +
                             sums.floors * (size_v + size_o) + terms.floor;
    bound = numerator / terms.denominator;
    bound += terms.last * (size_o + bound);
  }
  // However wrong the scores, weights are not negative and add up to 1: o cannot leave the hull of the values.
  if (terms.hull_rounding < 0.5) {
    double hull = std::max(high - o, o - low);
    if (mean.has_sink) hull = std::max(hull, size_o);
    hull += (2 * terms.hull_rounding / (1 - terms.hull_rounding) + terms.merge_gain) * size_v + terms.floor;
    bound = std::min(bound, hull);
  }
  return bound * kSafety;
}

void mean_bound(const Mean& mean, const Arithmetic& a, BoundScratch& scratch, RowBound& bound) {
  const std::size_t n = mean.t.size();
  const auto lanes = static_cast<std::size_t>(mean.head_dim_v);
  const RowTerms row = row_terms(mean, a);
  KeySums sums;
  scratch.spread.resize(n);
  scratch.sum.resize(n);
  for (std::size_t j = 0; j < n; ++j) {
    const KeyWeights key = add_key(mean.t[j], mean.p[j], mean.delta[j], row, mean, a, sums);
    scratch.spread[j] = key.spread;
    scratch.sum[j] = key.sum;
  }
  if (mean.has_sink) {  // a key with value 0
    sums.sink_spread =
        add_key(mean.sink, std::exp(mean.sink - mean.lse), mean.sink_delta, row, mean, a, sums).spread;
  }
  const double shift_gain = std::exp(a.lazy);  // weights relative to a shift below the maximum
  sums.floors = a.tiny * (shift_gain * sums.floors + row.count);
  bound.lse = lse_bound(mean, row, sums, a);

  bound.o.assign(lanes, 0);
  if (n == 0) return;
  const double norm = (kNormRoundings + mean.num_scales) * a.u;
  const LaneTerms terms{
      .denominator = 1 - sums.spread - sums.total - sums.floors,
      .last = norm + expm1_above(std::min(sums.common, 1.0)),
      .hull_rounding = sums.max_rounding + a.p_tiny * row.count + sums.floors,
      .merge_gain = norm + expm1_above(std::min(a.merge_levels * sums.max_common, 700.0)),
      .floor = a.tiny * (kFloorsPerKey * row.count + 8),
      .largest = a.largest / 4 / (row.count * shift_gain) * std::min(1.0, std::abs(mean.v_scale))};
  constexpr std::size_t kBlock = 4;
  std::size_t d = 0;
  for (; d + kBlock <= lanes; d += kBlock) {
    const auto block = sum_lanes<kBlock>(mean, scratch, d);
    for (std::size_t i = 0; i < kBlock; ++i) {
      bound.o[d + i] = lane_bound(block.around[i], block.size[i], block.low[i], block.high[i], mean.o[d + i], mean, sums, terms);
    }
  }
  for (; d < lanes; ++d) {
    const auto one = sum_lanes<1>(mean, scratch, d);
    bound.o[d] = lane_bound(one.around[0], one.size[0], one.low[0], one.high[0], mean.o[d], mean, sums, terms);
  }
}

/// True when something on the way to the scores may overflow; then nothing can be said about the row.
bool scores_may_overflow(const BoundInput& row, const Arithmetic& a) {
  const double scale = std::abs(row.scale);
  // Smallest factor between a product as summed and its contribution to s.
  const double factor = scale * std::min(1.0, row.operand_scale);
  double largest_s = 0;
  double largest_t = row.has_sink ? std::abs(row.sink) : 0;
  for (std::size_t j = 0; j < row.s.size(); ++j) {
    largest_s = std::max(largest_s, row.abs_s[j]);
    largest_t = std::max(largest_t, std::abs(row.t[j]));
    if (!row.bias.empty()) largest_t = std::max(largest_t, row.bias[j]);
  }
  const double unscaled = scale > 0 ? largest_s / std::min(1.0, factor) : row.sum_abs_q * row.sum_abs_k;
  if (!(std::max({largest_s, unscaled, largest_t}) < a.largest / 4)) return true;
  return a.q_largest > 0 && !(row.sum_abs_q * std::max(1.0, scale) < a.q_largest / 4);
}

}  // namespace

void row_bound(const BoundInput& row, const Arithmetic& a, BoundScratch& scratch, RowBound& bound) {
  const std::size_t n = row.t.size();
  if (scores_may_overflow(row, a)) {
    bound.o.assign(static_cast<std::size_t>(row.head_dim_v), n == 0 ? 0 : kInfinity);
    bound.lse = kInfinity;
    return;
  }
  const auto dim = static_cast<double>(row.head_dim_qk);
  const double scale = std::abs(row.scale);
  const double dot_gamma = gamma(a.path * dim + kLaneRoundings + row.num_scales, a.u);
  const double scale_gamma = gamma(kScaleRoundings + row.num_scales, a.u);
  const double floor = a.q_tiny * row.sum_abs_k +
                       a.tiny * (2 * dim * std::max(1.0, scale) * std::max(1.0, row.operand_scale) +
                                 (1 + scale) * (row.sum_abs_q + row.sum_abs_k));
  scratch.delta.resize(n);
  for (std::size_t j = 0; j < n; ++j) {
    scratch.delta[j] = score_error(row, a, dot_gamma, scale_gamma, floor, j);
  }
  const Mean mean{.t = row.t,
                  .p = row.p,
                  .delta = scratch.delta,
                  .has_sink = row.has_sink,
                  .sink = row.sink,
                  .sink_delta = row.has_sink ? kSinkRoundings * a.u * std::abs(row.sink) : 0,
                  .head_dim_v = row.head_dim_v,
                  .v = row.v,
                  .o = row.o,
                  .lse = row.lse,
                  .v_scale = row.v_scale,
                  .num_scales = static_cast<double>(row.num_scales),
                  .base_2_lse = row.base_2_lse};
  mean_bound(mean, a, scratch, bound);
}

RowBound attend_bound(const BoundInput& row, const problem::Numerics& numerics, int extra_merge_levels) {
  BoundScratch scratch;
  RowBound bound;
  row_bound(row, arithmetic_of(numerics, row.q_dtype, extra_merge_levels), scratch, bound);
  return bound;
}

RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s, std::span<const double> o, double lse,
                     const Arithmetic& arithmetic) {
  const std::size_t lanes = o.size();
  std::vector<double> t, p, v;
  for (std::size_t s = 0; s < lse_s.size(); ++s) {
    if (lse_s[s] == -kInfinity) continue;
    t.push_back(lse_s[s]);
    p.push_back(std::exp(lse_s[s] - lse));
    v.insert(v.end(), o_s.begin() + static_cast<std::ptrdiff_t>(s * lanes),
             o_s.begin() + static_cast<std::ptrdiff_t>((s + 1) * lanes));
  }
  RowBound bound;
  bound.o.assign(lanes, 0);
  if (t.empty()) return bound;
  const std::vector<double> delta(t.size(), 0);
  Arithmetic a = arithmetic;
  a.merge_levels = static_cast<int>(std::max<std::size_t>(1, t.size() - 1));  // pair by pair
  a.p_error = a.p_tiny = 0;
  BoundScratch scratch;
  mean_bound({.t = t, .p = p, .delta = delta, .head_dim_v = static_cast<std::int64_t>(lanes), .v = v, .o = o, .lse = lse},
             a, scratch, bound);
  return bound;
}

RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s, std::span<const double> o, double lse,
                     const problem::Numerics& numerics) {
  return merge_bound(lse_s, o_s, o, lse, arithmetic_of(numerics, problem::DType::kF32, 0));
}

double output_rounding(problem::DType type, double magnitude) {
  // Half a unit in the last place is u * 2^e for numbers in [2^e, 2^(e+1)), and never less than half a subnormal.
  const double size = std::max(std::abs(magnitude), problem::smallest_normal(type));
  if (!std::isfinite(size)) return kInfinity;
  int exponent = 0;
  std::frexp(size, &exponent);
  return std::ldexp(problem::unit_roundoff(type), exponent - 1);
}

}  // namespace attest::oracle
