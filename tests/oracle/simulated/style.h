// One kernel as it is built in the wild: every choice that an error bound must not depend on, and
// those it may depend on because they are declared. Data only; style.cc knows what each declares.
#pragma once

#include <cstdint>
#include <string>

#include "problem/numerics.h"
#include "tests/oracle/random_case.h"

namespace attest::tests {

/// Shape of a sum. Of values and weights: inside one tile, whose sum joins the running one.
enum class Sum {
  kSequential,  ///< product, then addition, onto the running sum
  kFused,       ///< fused multiply-adds onto the running sum
  kReversed,
  kStrided,   ///< Style::*_lanes partial sums, joined by a tree
  kChunked,   ///< trees over Style::*_lanes neighbours, one after the other onto the running sum
  kPairwise,  ///< a tree
  kShuffled,
  kTensorCore,  ///< blocks of Style::mma_depth products on an aligned-truncating matrix unit
};

enum class Scaling {
  kScores,     ///< s * scale, exp(s - m)
  kFusedExp2,  ///< raw scores; exp2(fma(s, c, -fl(m * c))), c = scale * log2(e)
  kQuery,      ///< q * scale first, rounded to the type of q where declared
  kQueryExp2,  ///< q * scale * log2(e) first, likewise; exp2
};

enum class MergeStyle {
  kUnnormalised,     ///< (m, l, acc), one after the other
  kNormalisedChain,  ///< (o, lse), one after the other
  kNormalisedTree,   ///< (o, lse), pairs of pairs
  kGlobalLse,        ///< sum exp(lse_s - lse) o_s: the weights are not normalised again
  kLerp,             ///< (o, lse), one after the other: b + (a - b) / (1 + exp(lse_b - lse_a))
};

/// Where scores are rounded to Style::score_dtype.
enum class ScoreStore { kProduct, kScaled, kFinal, kEvery };

enum class TileOrder { kAscending, kDescending, kShuffled };

struct Style {
  problem::DType accumulate = problem::DType::kF32;

  // Sums.
  Sum dot = Sum::kSequential;
  Sum values = Sum::kSequential;
  Sum weights = Sum::kSequential;
  int dot_lanes = 8, value_lanes = 8, weight_lanes = 8;  ///< of kStrided and kChunked
  bool lanes_by_block = false;  ///< a lane of a dot product adds neighbours; else every n-th
  bool running_lanes = false;   ///< lanes of values and weights live from tile to tile
  problem::Accumulator accumulator = problem::Accumulator::kRoundToNearest;
  int product_bits = 0;
  int mma_depth = 16;
  int mma_extra_bits = 0;

  // Scores.
  Scaling scaling = Scaling::kScores;
  bool q_prescaled = false;
  bool scales_per_lane = false;  ///< dequantise each element; else scale scores and outputs
  problem::DType score_dtype = problem::DType::kF32;
  ScoreStore score_store = ScoreStore::kProduct;
  bool tanh_of_exps = false;  ///< (e^x - e^-x) / (e^x + e^-x); else the C library's
  double tanh_ulp = 4;        ///< with worst_exp: tanh errs by this much

  // Exponentials.
  double exp_ulp = 5, exp_arg_ulp = 3;
  bool worst_exp = false;        ///< as bad as declared, random sign; else the C library's
  bool biased_exp = false;       ///< ... always the same sign
  bool alternating_exp = false;  ///< ... or, with biased_exp, the other sign every time
  bool fast_functions = false;   ///< reciprocals within 1 ulp, logarithms as CUDA's __logf

  // Tiles and the shift.
  std::int64_t tile = 16;
  bool tiles_by_index = false;  ///< tiles of neighbouring keys, seen or not; else of seen keys
  TileOrder tile_order = TileOrder::kAscending;
  bool two_pass = false;         ///< the maximum first
  bool normalise_first = false;  ///< with two_pass: p = e / l before P V
  double lazy = 0;

  // Probabilities.
  problem::DType p_dtype = problem::DType::kF32;
  bool rounded_weights_in_sum = false;  ///< l sums P as rounded
  int p_scale_log2 = 0;
  bool p_scale_in_argument = false;  ///< in base 2: exp2(s - (m - p_scale_log2)); else a product

  // Parts.
  std::int64_t splits = 1;
  bool uneven_parts = false;
  bool interleaved_parts = false;  ///< tile i goes to part i mod splits
  MergeStyle merge = MergeStyle::kUnnormalised;
  problem::DType part_dtype = problem::DType::kF64;

  bool flush = false;       ///< results below the smallest normal become 0
  bool reciprocal = false;  ///< acc * (1 / l)
  bool sink_first = false;  ///< the sink starts the recurrence; else it joins at the end
};

/// What the caller of random_style fixes: the declared classes of the soundness campaign.
struct StyleLimits {
  problem::DType accumulate = problem::DType::kF32;
  problem::DType p_dtype = problem::DType::kF32;
  bool mixed = false;        ///< scores, P and partial outputs may be stored in smaller types
  bool matrix_units = true;  ///< truncating and aligned accumulators, fewer product bits
};

/// A random kernel. Throws: nothing; every style it draws is a correct kernel.
Style random_style(Random& random, const StyleLimits& limits);

/// All that this kernel may declare, order and all.
problem::Numerics numerics_of(const Style& style);

/// The same without anything about order: what a tester who only knows the types would declare.
problem::Numerics any_order(problem::Numerics numerics);

/// The same with some facts kept to itself.
problem::Numerics declare_less(problem::Numerics numerics, Random& random);

/// All fields that differ from a default Style, for messages.
std::string describe(const Style& style);

}  // namespace attest::tests
