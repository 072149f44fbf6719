// The arithmetic a kernel declares. Error bounds (oracle/bounds.h) follow from it; declaring less
// costs sharpness, never soundness. Data only. Fields mirror attest_numerics in the kernel ABI.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "problem/dtype.h"

namespace attest::problem {

/// How sums are rounded. What it does to matrix products and to sums of weights:
/// oracle/arithmetic.h.
enum class Accumulator : std::uint8_t {
  kRoundToNearest = 0,
  kTruncating = 1,
  kAlignedTruncating = 2,  ///< tensor core: products aligned to the largest exponent, then cut
};
std::string_view name_of(Accumulator accumulator);  ///< "nearest", "truncating", "aligned"

/// What the denominator adds up when probabilities are rounded to a smaller type before P V.
enum class WeightSum : std::uint8_t {
  kUnknown = 0,
  kUnrounded = 1,  ///< the exponentials as they are
  kRounded = 2,    ///< the rounded ones, the same that P V uses
};
std::string_view name_of(WeightSum sum);  ///< "unknown", "unrounded", "rounded"

struct Numerics {
  DType accumulate = DType::kF32;  ///< type of sums, scores and exponentials
  Accumulator accumulator = Accumulator::kRoundToNearest;

  // Matrix products, q.k and P V.
  /// Significand bits their accumulator keeps; 0: as `accumulate`. 11 is f16, its range included.
  std::int32_t product_bits = 0;
  std::int32_t mma_depth = 0;       ///< kAlignedTruncating: products added at once; 0: unknown
  std::int32_t mma_extra_bits = 0;  ///< ... and bits kept below the last place while they are

  // Scores.
  bool q_prescaled = false;         ///< q * scale is rounded to the type of q before the product
  DType score_dtype = DType::kF32;  ///< scores are stored in this type
  double exp_ulp = 5.0;       ///< error of exp at argument 0, in unit roundoffs u of `accumulate`
  double exp_arg_ulp = 3.0;   ///< plus this many u per unit of |argument|
  double tanh_ulp = 4.0;      ///< error of tanh in u, absolute (|tanh| <= 1)
  double lazy_rescale = 0.0;  ///< nats by which the running shift may lag behind the maximum

  // Probabilities.
  DType p_dtype = DType::kF32;  ///< type they are rounded to before P V
  WeightSum weight_sum = WeightSum::kUnknown;
  /// What is rounded to p_dtype is e^(t - shift), not e^(t - shift) / l.
  bool p_unnormalised = false;
  std::int32_t p_scale_log2 =
      0;  ///< p_unnormalised: times 2^this first, to stay clear of underflow

  // Order of sums. 0 or false: any.
  std::int32_t dot_lanes =
      0;  ///< a dot product is made of this many partial sums, joined by a tree
  std::int32_t value_lanes = 0;   ///< so is each output, in each part of the keys
  std::int32_t weight_lanes = 0;  ///< so is the denominator
  // Tiles and blocks begin at multiples of their size, counted from key 0, from the first key the
  // row sees, or over the keys it sees.
  std::int32_t tile = 0;  ///< the running shift moves at most once per this many keys
  /// Outputs add their keys in blocks of this many, block after block up or down the keys, in one
  /// running sum per part; inside a block in any order. 1: strictly in order.
  std::int32_t ordered_block = 0;

  // Partial states.
  std::int32_t max_splits = 0;  ///< parts the keys of a row are cut into at most; 0: unknown
  /// Levels of merges of normalised partial states inside one attend (0: none).
  std::int32_t merge_levels = 0;
  DType part_dtype =
      DType::kF64;  ///< outputs of partial states are stored in this type, if smaller
  /// Merges divide by the sum of their weights; false: weights may be exp(lse_s - lse).
  bool merge_normalises = false;

  bool keeps_subnormals = false;  ///< nothing is flushed to zero

  friend bool operator==(const Numerics&, const Numerics&) = default;
};

/// Any order of summation, round to nearest, everything in `type`.
Numerics generic_numerics(DType type);

/// What a family of kernels has in common, under a name. Only what is sure for every member; a
/// kernel may declare more on top. docs/declaring-numerics.md lists them.
struct NumericsPreset {
  std::string_view name;            ///< [a-z0-9_]+
  std::string_view description;     ///< one line
  std::span<const DType> q_dtypes;  ///< types of q that the family takes
  Numerics (*numerics)(DType q_dtype);

  bool takes(DType q_dtype) const;
};

std::span<const NumericsPreset> numerics_presets();

/// The preset of this name, or null.
const NumericsPreset* find_numerics_preset(std::string_view name);

/// Its numerics for a type of q; nothing when there is no such preset or it does not take the type.
std::optional<Numerics> preset_numerics(std::string_view name, DType q_dtype);

}  // namespace attest::problem
