// The arithmetic a kernel declares. Error bounds (oracle/bounds.h) follow from it; declaring less
// costs sharpness, never soundness. Data only. Fields mirror attest_numerics in the kernel ABI.
#pragma once

#include <cstdint>

#include "problem/dtype.h"

namespace attest::problem {

enum class Accumulator : std::uint8_t {
  kRoundToNearest = 0,
  kTruncating = 1,
  kAlignedTruncating = 2,  ///< tensor core: products aligned to the largest exponent, then cut
};

struct Numerics {
  DType accumulate = DType::kF32;  ///< type of sums, scores and exponentials
  Accumulator accumulator = Accumulator::kRoundToNearest;
  bool q_prescaled = false;  ///< q * scale is rounded to the type of q before the product
  double exp_ulp =
      5.0;  ///< error of exp at argument 0, in units of 2^-mantissa_bits/2 (roundoffs u)
  double exp_arg_ulp = 3.0;     ///< plus this many u per unit of |argument|
  double tanh_ulp = 4.0;        ///< error of tanh in u, absolute (|tanh| <= 1)
  double lazy_rescale = 0.0;    ///< nats by which the running shift may lag behind the maximum
  DType p_dtype = DType::kF32;  ///< type the probabilities are rounded to before P V
  /// Levels of merges of normalised partial states inside one attend (0: none).
  std::int32_t merge_levels = 0;

  friend bool operator==(const Numerics&, const Numerics&) = default;
};

/// Any order of summation, round to nearest, everything in `type`.
Numerics generic_numerics(DType type);

}  // namespace attest::problem
