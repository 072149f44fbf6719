#include "oracle/row_terms.h"

#include <algorithm>
#include <cmath>

#include "oracle/bound_terms.h"
#include "oracle/functions.h"
#include "oracle/row_counts.h"

namespace attest::oracle {

bool scores_may_overflow(const RowShape& row, const Arithmetic& a) {
  if (!std::isfinite(row.sum_abs_q + row.sum_abs_k)) return true;  // the bound itself would
  if (a.p_overflows) return true;
  const double scale = std::abs(row.scale);
  const double largest_t = std::max(row.max_abs_t, row.max_extra);
  // The sum may be of products that no scale has touched yet.
  const double factor = std::min(1.0, scale * std::min(1.0, row.operand_scale));
  const double unscaled = factor > 0 ? row.max_size / factor : row.sum_abs_q * row.sum_abs_k;
  // Or of q * scale.
  const double scaled_q = scale * row.sum_abs_q;
  if (!(std::max({unscaled, largest_t, scaled_q}) < a.largest / 4)) return true;
  if (a.score_largest > 0 && !(std::max(unscaled, largest_t) < a.score_largest / 4)) return true;
  return a.q_largest > 0 && !(row.sum_abs_q * std::max(1.0, scale) < a.q_largest / 4);
}

double dot_path(const RowShape& row, const Arithmetic& a) {
  const auto dim = static_cast<double>(row.head_dim_qk);
  const double blocks = a.mma_depth > 0 ? std::ceil(dim / static_cast<double>(a.mma_depth)) : dim;
  return sum_path(a, dim, a.dot_lanes, blocks);
}

ScoreConstants score_constants(const RowShape& row, const Arithmetic& a) {
  const auto dim = static_cast<double>(row.head_dim_qk);
  const double scale = std::abs(row.scale);
  const double each = kLaneRoundings + row.num_scales;
  ScoreConstants c;
  c.dot_any = gamma_of(dot_path(row, a) + each, a.product_u);
  if (a.relative_sums) {
    // dim - 1 additions, each of a partial sum of some of the terms, which is never larger than all
    // positive or all negative ones together: (S + |s|) / 2.
    c.dot_sum = gamma_of(dim, a.product_u) / 2;
    c.dot_terms = gamma_of(each + 1, a.product_u) + 2 * c.dot_sum * c.dot_any;
  }
  c.q = a.q_error;
  c.scale = gamma_of(kScaleRoundings + row.num_scales, a.u) + kStoredScores * a.score_error;
  c.floor =
      a.q_tiny * row.sum_abs_k * std::max(1.0, row.q_scale) +
      a.score_tiny * kStoredScores * (1 + std::max(1.0, scale) * std::max(1.0, row.operand_scale)) +
      a.tiny * (2 * dim * std::max(1.0, scale) * std::max(1.0, row.operand_scale) +
                (1 + scale) * (row.sum_abs_q + row.sum_abs_k));
  c.softcap = row.softcap;
  c.cap = kCapRoundings * (a.u + a.score_error);
  c.tanh = a.tanh_error * row.softcap;
  c.bias = row.has_extra ? kBiasRoundings * a.u + a.score_error : 0;
  c.last = (row.has_extra ? kBiasAdds * a.u : 0) + kStoredScores * a.score_error;
  return c;
}

double largest_score_error(const RowShape& row, const ScoreConstants& constants) {
  ScoreConstants steepest = constants;
  double error = steepest.dot_any * row.max_size;
  if (steepest.dot_sum > 0) {
    error = std::min(error, steepest.dot_sum * (row.max_size + row.max_abs_s) +
                                steepest.dot_terms * row.max_size);
  }
  error += steepest.q * row.max_size + steepest.floor;
  error += steepest.scale * (row.max_abs_s + error);
  if (steepest.softcap > 0) {
    error += steepest.cap * (row.max_abs_s + error);
    error += steepest.tanh + steepest.cap * (std::min(row.max_abs_s, steepest.softcap) + error);
  }
  if (row.has_extra || steepest.softcap > 0) {
    error += steepest.bias * row.max_extra + steepest.last * (row.max_abs_t + error);
  }
  return error;
}

double sink_error(const RowShape& row, const Arithmetic& a) {
  return row.has_sink ? (kSinkRoundings * a.u + a.score_error) * std::abs(row.sink) : 0;
}

KeyConstants key_constants(const RowShape& row, const Arithmetic& a, double max_delta,
                           double rescales) {
  KeyConstants c;
  c.arg = a.exp_arg_error;
  c.exp = a.exp_error;
  // All arguments of exp on the way of a key, added up: the shift rises from below t to the
  // maximum, lagging at either end.
  c.base = c.arg * (max_delta + 2 * a.lazy) + kShiftRoundings * a.u * magnitude_of(row, max_delta) +
           a.exp_error + (c.arg + a.u) * std::abs(a.p_shift);
  c.delta = 1 + c.arg;
  c.cap = std::min(rescale_cap(row, a), rescales);
  c.spare = a.rescales ? kSpareRescales : 0;
  c.product = a.u * (1 + 2 * (c.cap + c.spare) * a.u);
  const double own_lse = lse_error(row, a, max_delta);
  if (a.merge_levels > 0) {
    const double levels = a.merge_levels;
    const double one_exp = c.arg * (max_delta + 2 * a.lazy + log_count(row)) + a.exp_error;
    c.base += levels * (own_lse + one_exp);
    c.arg += levels * a.exp_arg_error;
    c.delta += levels * a.exp_arg_error;
    if (!a.merge_normalises) {
      c.common = own_lse + 2 * (one_exp + a.exp_arg_error * max_delta);
      c.common_arg = 2 * a.exp_arg_error;
      c.inner_merges = levels - 1;
    }
  }
  c.lse = own_lse;
  if (a.p_error > 0) {
    // The largest exponential is 1 up to the error of its score, their sum e^(lse - max t).
    c.p_floor = a.p_tiny;
    if (a.p_unnormalised) {
      c.p_floor *= functions::exp(std::min(row.max_t - row.lse + max_delta, kLargestExponent));
    }
    if (a.p_only_in_both) c.joint = a.p_error;
  }
  return c;
}

void KeySums::add(double key_spread, double key_loss, double key_below, double key_weight,
                  double key_rho, double key_common) {
  spread += key_spread;
  loss += key_loss;
  below += key_below;
  weight += key_weight;
  common += key_weight * key_common;
  max_rho = std::max(max_rho, key_rho);
  max_common = std::max(max_common, key_common);
}

KeyTerms<double> any_key_terms(double t, double p, double delta, double rank, const RowShape& row,
                               const KeyConstants& constants) {
  KeyTerms<double> key = key_terms(p, row.max_t - t, delta, rank, constants);
  if (key.rho < kLinear) return key;
  const double rescales = std::min(constants.cap, rank) + constants.spare;
  // e^(t - lse + rho) >= p (e^rho - 1), also where p itself underflows.
  key.spread = functions::exp(std::min(t - row.lse + key.rho, kLargestExponent));
  key.weight = p + key.spread;
  key.loss =
      key.weight * (gamma_of(rescales, constants.product) + constants.inner_merges * key.common);
  key.below = std::min(key.weight, constants.p_floor);
  if (constants.joint > 0) {
    key.spread += constants.joint * key.weight + key.below;
    key.below = 0;
  }
  return key;
}

void add_sink(const RowShape& row, const Arithmetic& a, const KeyConstants& constants,
              KeySums& sums) {
  if (!row.has_sink) return;
  KeyConstants plain = constants;
  plain.p_floor = plain.joint = 0;  // its weight is never rounded
  const double p = functions::exp(std::min(row.sink - row.lse, 0.0));
  const KeyTerms<double> key =
      any_key_terms(row.sink, p, sink_error(row, a), row.count, row, plain);
  sums.add(key.spread, key.loss, key.below, key.weight, key.rho, key.common);
  sums.sink_spread = key.spread;
}

}  // namespace attest::oracle
