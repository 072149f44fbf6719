// Error bounds, derived from declared arithmetic (docs/numerics.md). The only place where
// tolerances live.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "oracle/arithmetic.h"
#include "problem/numerics.h"

namespace attest::oracle {

/// Changes whenever the same case would get another bound.
inline constexpr int kBoundsVersion = 1;

/// One row as the bound needs it, in double. n visible keys. Everything is finite; q, k and v are
/// the values meant, their quantisation scales included.
struct BoundInput {
  std::int64_t head_dim_qk = 0;
  std::int64_t head_dim_v = 0;
  problem::DType q_dtype = problem::DType::kF32;
  double scale = 1;
  double operand_scale = 1;  ///< |q_scale * k_scale|
  double v_scale = 1;
  int num_scales = 0;  ///< how many of q, k, v and o carry a quantisation scale
  double softcap = 0;
  bool has_sink = false;
  double sink = 0;
  double sum_abs_q = 0;           ///< sum_d |q_d|
  double sum_abs_k = 0;           ///< the largest sum_d |k_jd| of a visible key
  std::span<const double> s;      ///< [n] exact scaled dot product, before softcap and bias
  std::span<const double> abs_s;  ///< [n] |scale| * sum_d |q_d k_jd|
  std::span<const double> bias;   ///< [n] |ALiBi term| + |additive bias|, or empty without either
  std::span<const double> t;      ///< [n] score
  std::span<const double> p;      ///< [n] probability
  std::span<const double> v;      ///< [n, head_dim_v] values
  std::span<const double> o;      ///< [head_dim_v]
  double lse = 0;
};

struct RowBound {
  std::vector<double> o;  ///< [head_dim_v], before rounding to the output type; +inf: vacuous
  double lse = 0;
};

/// Reusable memory of row_bounds, per key.
struct BoundScratch {
  std::vector<double> delta, spread, sum;
  std::vector<double> second_delta, second_spread, second_sum;
};

/// Bounds on |computed - exact| of one row for two computations of it: a kernel's, and the oracle's
/// own (its ball). Vectors of the results are resized.
void row_bounds(const BoundInput& row, const Arithmetic& kernel, const Arithmetic& own,
                BoundScratch& scratch, RowBound& bound, RowBound& ball);

/// Bound of a kernel with these numerics: any order of summation, any tiling, any history of the
/// shift. Every term: docs/numerics.md.
RowBound attend_bound(const BoundInput& row, const problem::Numerics& numerics,
                      int extra_merge_levels = 0);

/// Bound on one merge of states given exactly: o_s [num_states, head_dim_v], lse_s [num_states] in
/// nats, as the kernel gets them (a base-2 state is converted by the caller, exactly up to the
/// ball). States with lse_s = -inf do not count. Covers merging all at once, pair by pair and over
/// any tree, normalised or not.
RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s,
                     std::span<const double> o, double lse, const problem::Numerics& numerics);

/// The same for any arithmetic; the oracle's own ball.
RowBound merge_bound(std::span<const double> lse_s, std::span<const double> o_s,
                     std::span<const double> o, double lse, const Arithmetic& arithmetic);

/// Half a unit in the last place of the output type around |x|: what rounding the output once may
/// add.
double output_rounding(problem::DType type, double magnitude);

}  // namespace attest::oracle
