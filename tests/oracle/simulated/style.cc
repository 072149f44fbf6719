#include "tests/oracle/simulated/style.h"

#include <cmath>

#include <fmt/format.h>

#include "problem/problem.h"

namespace attest::tests {

using problem::Accumulator;
using problem::DType;

namespace {

constexpr double kLazyBits = 8;  // as flash attention for Blackwell has it
constexpr int kManyLanes = 256;  // more than head_dim_qk in these tests: a tree

Sum random_sum(Random& random) { return static_cast<Sum>(random.between(0, 6)); }

int random_lanes(Random& random) { return random.one_of({2, 4, 8, 16}); }

void draw_sums(Random& random, const StyleLimits& limits, Style& s) {
  s.dot = random_sum(random);
  s.values = random_sum(random);
  s.weights = random_sum(random);
  s.dot_lanes = random_lanes(random);
  s.value_lanes = random_lanes(random);
  s.weight_lanes = random_lanes(random);
  s.lanes_by_block = random.chance(50);
  s.running_lanes = random.chance(50);
  if (!limits.matrix_units || s.accumulate == DType::kF64) return;
  if (random.chance(15)) s.accumulator = Accumulator::kTruncating;
  if (random.chance(20)) {
    s.accumulator = Accumulator::kAlignedTruncating;
    s.dot = s.values = Sum::kTensorCore;
    if (random.chance(30)) s.weights = Sum::kTensorCore;
  }
  s.mma_depth = random.one_of({4, 8, 16, 32});
  s.mma_extra_bits = static_cast<int>(random.between(0, 2));
  if (random.chance(15)) s.product_bits = random.one_of({14, 18, 22});
}

void draw_scores(Random& random, const StyleLimits& limits, Style& s) {
  s.scaling = static_cast<Scaling>(random.between(0, 3));
  s.q_prescaled = random.chance(15);
  if (s.q_prescaled) s.scaling = random.one_of({Scaling::kQuery, Scaling::kQueryExp2});
  s.scales_per_lane = random.chance(50);
  s.score_dtype = s.accumulate;
  if (limits.mixed && random.chance(20)) s.score_dtype = DType::kBF16;
  if (limits.mixed && random.chance(4))
    s.score_dtype = DType::kF16;  // overflows in many of our cases
  s.score_store = static_cast<ScoreStore>(random.between(0, 3));
  s.tanh_of_exps = random.chance(30);
  s.tanh_ulp = s.tanh_of_exps ? 4 : random.one_of({4.0, 187.0});
  s.exp_ulp = random.one_of({2.0, 5.0, 5.0, 40.0});
  s.exp_arg_ulp = random.one_of({0.0, 3.0, 3.0});
  s.worst_exp = random.chance(60);
  s.biased_exp = random.chance(50);
  s.alternating_exp = random.chance(30);
  s.fast_functions = s.accumulate == DType::kF32 && random.chance(50);
  if (!s.worst_exp) s.exp_ulp = 2;
}

void draw_tiles(Random& random, const StyleLimits& limits, Style& s) {
  s.tile = random.one_of<std::int64_t>({1, 2, 5, 16, 64});
  s.tiles_by_index = random.chance(50);
  s.tile_order = static_cast<TileOrder>(random.between(0, 2));
  s.two_pass = random.chance(25);
  s.normalise_first = s.two_pass && random.chance(50);
  s.splits = random.chance(50) ? 1 : random.between(2, 9);
  s.uneven_parts = random.chance(30);
  s.interleaved_parts = random.chance(30);
  s.merge = static_cast<MergeStyle>(random.between(0, 4));
  if (limits.mixed && random.chance(40))
    s.part_dtype = random.one_of({DType::kF16, DType::kBF16, DType::kF32});
  if (random.chance(20)) s.lazy = kLazyBits * std::log(2.0);
}

void draw_probabilities(Random& random, const StyleLimits& limits, Style& s) {
  s.p_dtype = limits.p_dtype;
  if (limits.mixed && random.chance(25))
    s.p_dtype = random.one_of({DType::kF16, DType::kBF16, DType::kE4M3, DType::kE5M2});
  s.rounded_weights_in_sum = random.chance(50);
  if (s.p_dtype == DType::kF64 || s.p_dtype == DType::kF32) return;
  if (random.chance(30)) {
    s.p_scale_log2 = s.p_dtype == DType::kBF16 ? 20 : 8;
    s.p_scale_in_argument = random.chance(50);
  }
  // e^lazy would overflow, or nearly so.
  if (s.p_dtype == DType::kE4M3 || s.p_dtype == DType::kF16 || s.p_scale_log2 > 0) s.lazy = 0;
}

/// Lanes that a sum over the keys of a part may declare.
int lanes_over_keys(const Style& style, Sum how, int lanes) {
  switch (how) {
    case Sum::kStrided:
      // Joined tile by tile, lanes that do not divide the tile are not equally long.
      return style.running_lanes || style.tile % lanes == 0 ? lanes : 0;
    case Sum::kChunked:
      return style.tile % lanes == 0 ? lanes : 0;
    case Sum::kPairwise:
      return static_cast<int>(style.tile);
    case Sum::kTensorCore:
      return 0;
    default:
      return 1;
  }
}

int ordered_block(const Style& style) {
  const bool running = style.values == Sum::kStrided && style.running_lanes;
  const bool interleaved = style.interleaved_parts && style.splits > 1;
  if (running || interleaved || style.tile_order == TileOrder::kShuffled) return 0;
  const bool up = style.values == Sum::kSequential || style.values == Sum::kFused;
  const bool strict =
      style.tile_order == TileOrder::kAscending ? up : style.values == Sum::kReversed;
  if (strict) return 1;
  if (style.values == Sum::kChunked && style.tile_order == TileOrder::kAscending)
    return style.value_lanes;
  return static_cast<int>(style.tile);
}

int merge_levels(const Style& style) {
  if (style.splits == 1) return 0;
  const double states = static_cast<double>(style.splits) + 1;  // one for the sink
  switch (style.merge) {
    case MergeStyle::kUnnormalised:
      return 0;
    case MergeStyle::kNormalisedChain:
    case MergeStyle::kLerp:
      return static_cast<int>(states) - 1;
    case MergeStyle::kNormalisedTree:
      return static_cast<int>(std::ceil(std::log2(states)));
    case MergeStyle::kGlobalLse:
      return 1;
  }
  return 0;
}

}  // namespace

Style random_style(Random& random, const StyleLimits& limits) {
  Style s;
  s.accumulate = limits.accumulate;
  draw_sums(random, limits, s);
  draw_scores(random, limits, s);
  draw_tiles(random, limits, s);
  draw_probabilities(random, limits, s);
  s.flush = random.chance(30);
  s.reciprocal = random.chance(50);
  s.sink_first = random.chance(50);
  if (s.normalise_first) {
    s.splits = 1;
    s.running_lanes = false;
    s.p_scale_log2 = 0;
  }
  return s;
}

problem::Numerics numerics_of(const Style& style) {
  problem::Numerics n = problem::generic_numerics(style.accumulate);
  n.accumulator = style.accumulator;
  n.product_bits = style.product_bits;
  if (style.accumulator == Accumulator::kAlignedTruncating) {
    n.mma_depth = style.mma_depth;
    n.mma_extra_bits = style.mma_extra_bits;
  }
  n.q_prescaled = style.q_prescaled;
  n.score_dtype = style.score_dtype;
  n.exp_ulp = style.exp_ulp;
  n.exp_arg_ulp = style.exp_arg_ulp;
  n.tanh_ulp = style.tanh_ulp;
  n.lazy_rescale = style.lazy;

  n.p_dtype = style.p_dtype;
  n.weight_sum = style.rounded_weights_in_sum && !style.normalise_first
                     ? problem::WeightSum::kRounded
                     : problem::WeightSum::kUnrounded;
  n.p_unnormalised = !style.normalise_first;
  n.p_scale_log2 = style.p_scale_log2;

  if (style.dot == Sum::kStrided || style.dot == Sum::kChunked) n.dot_lanes = style.dot_lanes;
  if (style.dot == Sum::kPairwise) n.dot_lanes = kManyLanes;
  n.value_lanes = lanes_over_keys(style, style.values, style.value_lanes);
  n.weight_lanes = lanes_over_keys(style, style.weights, style.weight_lanes);
  n.tile = style.two_pass ? static_cast<int>(problem::kMaxTokens) : static_cast<int>(style.tile);
  n.ordered_block = ordered_block(style);

  n.max_splits = static_cast<int>(style.splits);
  n.merge_levels = merge_levels(style);
  if (n.merge_levels > 0) n.part_dtype = style.part_dtype;
  n.merge_normalises = style.merge != MergeStyle::kGlobalLse;
  n.keeps_subnormals = !style.flush;
  return n;
}

problem::Numerics any_order(problem::Numerics n) {
  n.mma_depth = n.mma_extra_bits = 0;
  n.weight_sum = problem::WeightSum::kUnknown;
  if (n.p_scale_log2 == 0) n.p_unnormalised = false;  // a scale moves arguments of exp
  n.dot_lanes = n.value_lanes = n.weight_lanes = n.tile = n.ordered_block = 0;
  n.max_splits = 0;
  n.merge_normalises = false;
  n.keeps_subnormals = false;
  return n;
}

problem::Numerics declare_less(problem::Numerics numerics, Random& random) {
  constexpr int kForgotten = 15;  // percent
  const problem::Numerics none = any_order(numerics);
  const auto forget = [&random](auto& fact, const auto& nothing) {
    if (random.chance(kForgotten)) fact = nothing;
  };
  if (random.chance(kForgotten)) numerics.mma_depth = numerics.mma_extra_bits = 0;
  forget(numerics.p_unnormalised, none.p_unnormalised);
  forget(numerics.weight_sum, none.weight_sum);
  forget(numerics.dot_lanes, none.dot_lanes);
  forget(numerics.value_lanes, none.value_lanes);
  forget(numerics.weight_lanes, none.weight_lanes);
  forget(numerics.tile, none.tile);
  forget(numerics.ordered_block, none.ordered_block);
  forget(numerics.max_splits, none.max_splits);
  forget(numerics.merge_normalises, none.merge_normalises);
  forget(numerics.keeps_subnormals, none.keeps_subnormals);
  return numerics;
}

std::string describe(const Style& s) {
  std::string text = fmt::format(
      "in {}: dot {}/{} values {}/{} weights {}/{} by_block {} running {} accumulator {} bits {} "
      "depth {}+{}",
      name_of(s.accumulate), static_cast<int>(s.dot), s.dot_lanes, static_cast<int>(s.values),
      s.value_lanes, static_cast<int>(s.weights), s.weight_lanes, s.lanes_by_block, s.running_lanes,
      static_cast<int>(s.accumulator), s.product_bits, s.mma_depth, s.mma_extra_bits);
  text += fmt::format(
      "; scaling {} prescaled {} per_lane {} scores {} at {} tanh {}/{} exp {}+{} worst {} biased "
      "{}",
      static_cast<int>(s.scaling), s.q_prescaled, s.scales_per_lane, name_of(s.score_dtype),
      static_cast<int>(s.score_store), s.tanh_of_exps, s.tanh_ulp, s.exp_ulp, s.exp_arg_ulp,
      s.worst_exp, s.biased_exp, s.alternating_exp, s.fast_functions);
  text += fmt::format("; tile {} by_index {} order {} two_pass {} first {} lazy {}", s.tile,
                      s.tiles_by_index, static_cast<int>(s.tile_order), s.two_pass,
                      s.normalise_first, s.lazy);
  text += fmt::format("; p {} rounded_in_sum {} times 2^{}{}", name_of(s.p_dtype),
                      s.rounded_weights_in_sum, s.p_scale_log2,
                      s.p_scale_in_argument ? " in the argument" : "");
  text += fmt::format(
      "; splits {} uneven {} interleaved {} merge {} part {} flush {} reciprocal {} sink_first {}",
      s.splits, s.uneven_parts, s.interleaved_parts, static_cast<int>(s.merge),
      name_of(s.part_dtype), s.flush, s.reciprocal, s.sink_first);
  return text;
}

}  // namespace attest::tests
