// The error coefficients of one row: from an arithmetic and from what is known of all keys together
// to the constants that keys (key_terms.h) and output lanes (lane_bound.h) need. The counts of
// roundings are here. docs/numerics.md. Internal to oracle/.
#pragma once

#include <cstdint>

#include "oracle/arithmetic.h"
#include "oracle/key_terms.h"

namespace attest::oracle {

/// One row before its keys are looked at one by one.
struct RowShape {
  double count = 0;  ///< visible keys, and the sink
  double span = 0;   ///< from the first visible key to the last, both included, and the sink
  std::int64_t head_dim_qk = 0;
  double scale = 1;
  double operand_scale = 1;         ///< |q_scale * k_scale|
  double q_scale = 1, k_scale = 1;  ///< magnitudes
  double v_scale = 1;
  double num_scales = 0;  ///< how many of q, k, v and o carry a quantisation scale
  double softcap = 0;
  bool has_extra = false;  ///< ALiBi or a bias
  bool has_sink = false;
  double sink = 0;
  double sum_abs_q = 0;  ///< sum_d |q_d|
  double sum_abs_k = 0;  ///< the largest sum_d |k_jd| of a visible key

  // Largest over the visible keys; the sink counts for max_t and max_abs_t.
  double max_t = 0, max_abs_t = 0;
  double max_abs_s = 0;
  double max_size = 0;  ///< S = |scale| sum_d |q_d k_jd|
  double max_extra = 0;
  double lse = 0;
};

/// True when something on the way to the scores may overflow: then nothing can be said.
bool scores_may_overflow(const RowShape& row, const Arithmetic& a);

/// Roundings by product_u that a term of a dot product sees at most.
double dot_path(const RowShape& row, const Arithmetic& a);
ScoreConstants score_constants(const RowShape& row, const Arithmetic& a);

/// An upper bound of all errors of scores of the row.
double largest_score_error(const RowShape& row, const ScoreConstants& constants);
double sink_error(const RowShape& row, const Arithmetic& a);

/// `max_delta`: largest error of a score, that of the sink included. `rescales`: no key sees more.
KeyConstants key_constants(const RowShape& row, const Arithmetic& a, double max_delta,
                           double rescales);

/// Sums over the keys of a row.
struct KeySums {
  double spread = 0, loss = 0, below = 0, weight = 0, common = 0;
  double max_rho = 0, max_common = 0;
  double sink_spread = 0;  ///< counted in spread as well
  double squares = 0;      ///< sum p_j^2
  void add(double key_spread, double key_loss, double key_below, double key_weight, double key_rho,
           double key_common);
};

/// Terms of a key with any rho: those of key_terms() where that holds. `t` its score.
KeyTerms<double> any_key_terms(double t, double p, double delta, double rank, const RowShape& row,
                               const KeyConstants& constants);
/// Adds the sink, if there is one.
void add_sink(const RowShape& row, const Arithmetic& a, const KeyConstants& constants,
              KeySums& sums);

/// What all lanes of a row share.
struct LaneConstants {
  double inverse;    ///< 1 / what is left of the denominator; infinite: nothing is
  double on_o;       ///< of |o|
  double any_order;  ///< of sum w_j |v_j|, any order of summation
  double additions;  ///< of the largest partial sum, all additions together; 0: not used
  double chain;      ///< of the largest partial sum in order: additions to the running sum
  double in_block;   ///< of sum w_j |v_j|: additions inside blocks
  double joins;      ///< of sum w_j |v_j|: additions of parts to each other
  double drift;      ///< how far computed partial sums may be from exact ones: of sum w_j |v_j| ...
  double drift_o;    ///< ... and of |o|, on top of what acts on |v_j - o|
  double terms;      ///< of sum w_j |v_j|, with `additions`: what happens to each term
  /// Part of sum w_j |v_j| is in the sum around o, in the proportion of blend_of(); then the bound
  /// for any order has to be left out.
  bool blended = false;
  double rounded_p;  ///< of sum w_j |v_j|
  double last;       ///< relative error after the sums
  double common;     ///< more of |o| only
  double merges;     ///< of sum w_j |v_j|: stored outputs of normalised states
  double merge_floor;
  double lerp;       ///< relative to the width of the hull
  double hull_gain;  ///< relative to |v|, on top of the hull; infinite: the hull bounds nothing
  double floors;     ///< absolute, per |v| + |o|
  double floor;      ///< absolute
  double largest;    ///< values of this size may overflow the sums
};

/// How much of sum w_j |v_j| the bound of summation takes, when no order is declared and
/// probabilities are not rounded. As |v_j| <= |v_j - o| + |o|, that much of the weights may go into
/// the sum around o, and one sum does for two: looser by little unless most values are 0.
double blend_of(const RowShape& row, const Arithmetic& a);

LaneConstants lane_constants(const RowShape& row, const Arithmetic& a,
                             const KeyConstants& constants, const KeySums& sums);

/// |computed lse - lse| of the row.
double lse_bound(const RowShape& row, const Arithmetic& a, const KeyConstants& constants,
                 const KeySums& sums);

/// A number that each error of a weight in the oracle's own evaluation in double is at most, as a
/// share of the kernel's: the largest quotient of their coefficients. The same for all rows of a KV
/// head; `row` as far as it does not depend on visible keys.
double own_share(const RowShape& row, const Arithmetic& kernel);
/// The oracle's own sums: any_order, last and floor are set.
LaneConstants own_lane(const RowShape& row);

// The formulas are themselves evaluated in double, from values that are correct to their ball only.
inline constexpr double kSafety = 1.001;

}  // namespace attest::oracle
