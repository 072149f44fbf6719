// The heart of the bounds: how far a softmax-weighted mean may be off when its scores are, its
// weights are rounded and its sums are in any order. What attend and merge have in common.
// docs/numerics.md, section 3. Internal to oracle/.
#pragma once

#include <cstdint>
#include <span>

#include "oracle/arithmetic.h"
#include "oracle/bounds.h"

namespace attest::oracle {

/// o = sum_j p_j v_j, lse = ln sum_j e^t_j, over n keys and perhaps a sink: a key with value 0.
struct Mean {
  std::span<const double> t, p;  ///< [n]
  bool has_sink = false;
  double sink = 0;
  double sink_error_roundoffs = 0;  ///< roundings of the sink on its way into the sum
  std::int64_t head_dim_v = 0;
  std::span<const double> v;  ///< [n, head_dim_v]
  std::span<const double> o;
  double lse = 0;
  double v_scale = 1;
  double num_scales = 0;
};

/// One computation of a Mean: its arithmetic, and [n] how far its scores may be off.
struct MeanComputation {
  const Arithmetic* arithmetic;
  std::span<const double> delta;
};

/// Bound of one computation.
void mean_bound(const Mean& mean, const MeanComputation& computation, BoundScratch& scratch,
                RowBound& bound);

/// Bounds of two, for little more than the price of one: that of `second` is read off the sums of
/// `first`.
void mean_bounds(const Mean& mean, const MeanComputation& first, const MeanComputation& second,
                 BoundScratch& scratch, RowBound& bound_first, RowBound& bound_second);

}  // namespace attest::oracle
