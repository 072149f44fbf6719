// One query row of one head in the gradients: its terms, evaluated in double in one fixed order.
// Internal to oracle/.
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/expected.h"
#include "oracle/gradient_definition.h"
#include "oracle/logical_tensors.h"
#include "oracle/row_terms.h"
#include "problem/inputs.h"
#include "problem/problem.h"

namespace attest::oracle {

/// A row over its n visible keys, with the letters of docs/gradients.md.
struct GradientRow {
  RowShape shape;
  std::int64_t head_dim_v = 0;
  double gain = 1;        ///< stored operands may be larger or smaller than meant by this factor
  double fold = 1;        ///< what is rounded in the place of d_s may be smaller by this factor
  double sum_abs_do = 0;  ///< sum_d |dO_d|
  double sum_abs_v = 0;   ///< the largest sum_d |v_jd|

  std::vector<double> s;          ///< [n] scaled dot product
  std::vector<double> abs_s;      ///< [n] |scale| * sum_d |q_d k_jd|
  std::vector<double> extra;      ///< [n] |ALiBi term| + |additive bias|
  std::vector<double> t;          ///< [n] score
  std::vector<double> p;          ///< [n] e^(t - lse)
  std::vector<double> d_p;        ///< [n] sum_d dO_d v_jd
  std::vector<double> abs_d_p;    ///< [n] sum_d |dO_d v_jd|
  std::vector<double> x;          ///< [n] d_p - delta
  std::vector<double> d_t;        ///< [n] p * x, the gradient of the score
  std::vector<double> capped;     ///< [n] tanh(s / softcap); 0 without softcap
  std::vector<double> cap_slope;  ///< [n] 1 - capped^2
  std::vector<double> d_s;        ///< [n] d_t * cap_slope
  double p_sink = 0;              ///< e^(sink - lse)
  double sum_o = 0;               ///< sum_d dO_d o_d
  double abs_sum_o = 0;           ///< sum_d |dO_d o_d|
  double d_lse = 0;               ///< upstream gradient of lse
  double delta = 0;               ///< sum_o - d_lse

  /// Makes every member of [n] that long.
  void resize(std::size_t n);
};

/// Evaluates one row at a time. All tensors hold the values meant.
class GradientRowReader {
 public:
  /// Keeps references to its arguments.
  GradientRowReader(const problem::Problem& problem, const problem::Inputs& inputs,
                    const Upstream& upstream, const Expected& forward);

  /// Makes K and V of one KV head current.
  void load_keys(std::int64_t b, std::int64_t kv_head);
  /// Evaluates a row that reads the current keys. Returns false when it contributes nothing.
  bool read(std::int64_t b, std::int64_t head, std::int64_t row);

  // What read() left behind.
  const GradientRow& row() const { return row_; }
  const std::vector<std::int64_t>& keys() const { return keys_; }
  double distance(std::size_t i) const { return distance_[i]; }  ///< of key i of keys(), for ALiBi
  std::int64_t flat_row() const { return flat_row_; }            ///< in [total_q, num_q_heads]
  const double* q() const { return q_.data(); }
  const double* d_o() const { return d_o_.data(); }
  const double* k(std::int64_t key) const { return k_.data() + key * problem_.head_dim_qk; }
  const double* v(std::int64_t key) const { return v_.data() + key * problem_.head_dim_v; }

  const LogicalTensors& tensors() const { return x_; }

 private:
  void load_row(std::int64_t b, std::int64_t head, std::int64_t row);
  void score_keys(std::int64_t b, std::int64_t head, std::int64_t row);
  void weigh_keys();

  const problem::Problem& problem_;
  const Upstream& upstream_;
  const Expected& forward_;
  const LogicalTensors x_;
  std::vector<double> k_, v_;       ///< [kv_len, head_dim]
  std::vector<double> q_, d_o_;     ///< [head_dim]
  std::vector<std::int64_t> keys_;  ///< visible
  std::vector<double> distance_;    ///< per entry of keys_
  std::int64_t flat_row_ = 0;
  GradientRow row_;
};

/// At least |1 / x| and 1; 1 for 0, of which nothing can be lost.
double inverse_gain(double x);

}  // namespace attest::oracle
