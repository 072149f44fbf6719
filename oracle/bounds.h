// Error bounds, derived from declared arithmetic (docs/numerics.md). Tolerances live in the files
// behind this header and nowhere else: row_counts, row_terms, key_terms, lane_bound and
// statistical.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "oracle/arithmetic.h"
#include "oracle/lane_bound.h"
#include "oracle/row_terms.h"
#include "problem/numerics.h"

namespace attest::oracle {

/// Changes whenever the same case would get another bound.
inline constexpr int kBoundsVersion = 2;

/// One row as the bound needs it, in double. n visible keys. Everything is finite; q, k and v are
/// the values meant, their quantisation scales included. The maxima of `shape`, its count and its
/// span are filled in by row_bounds.
struct BoundInput {
  RowShape shape;
  std::int64_t head_dim_v = 0;
  std::span<const double> s;      ///< [n] scaled dot product, before softcap, ALiBi and bias
  std::span<const double> abs_s;  ///< [n] at least |scale| * sum_d |q_d k_jd|
  /// [n] at least scale^2 * sum_d q_d^2 k_jd^2; empty: no statistical bound
  std::span<const double> squares;
  std::span<const double> extra;  ///< [n] |ALiBi term| + |additive bias|, or empty without either
  std::span<const double> t;      ///< [n] score
  std::span<const double> p;      ///< [n] probability
  std::span<const std::int64_t> keys;  ///< [n] their indices, ascending
  std::span<const double> v;           ///< [n, head_dim_v] values
  std::span<const double> o;           ///< [head_dim_v]
};

struct RowBound {
  std::vector<double> o;  ///< [head_dim_v], before rounding to the output type; +inf: vacuous
  std::vector<double> statistical;  ///< [head_dim_v], +inf: not known
  /// [head_dim_v] what the oracle's evaluation in double errs by at most; +inf: not known from here
  std::vector<double> ball;
  double lse = 0;
};

/// Reusable memory of row_bounds.
struct BoundScratch {
  std::vector<double> terms;  ///< per key
  std::vector<double> lanes;  ///< per lane
};

/// Bounds on |computed - exact| of one row. Vectors of the result are resized. The readable
/// implementation; oracle/simd/bound_pass.h is the fast one.
void row_bounds(BoundInput& row, const Arithmetic& kernel, BoundScratch& scratch, RowBound& bound);

/// Bound on one merge of states given exactly: o_s [num_states, head_dim_v], lse_s [num_states] in
/// nats, as the kernel gets them (a base-2 state is converted by the caller, exactly up to the
/// ball). States with lse_s = -inf do not count. Covers merging all at once, pair by pair and over
/// any tree, normalised or not.
RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s,
                     std::span<const double> o, double lse, const Arithmetic& arithmetic);

/// Half a unit in the last place of the output type around |x|: what rounding the output once may
/// add.
double output_rounding(problem::DType type, double magnitude);

}  // namespace attest::oracle
