// The fast evaluation behind expected.h: the definition, reordered so that each input is decoded
// once and the inner loops run over contiguous memory. Tested to equal the definition within its
// ball. Internal to oracle/.
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/bounds.h"
#include "oracle/definition.h"
#include "oracle/expected.h"
#include "oracle/logical_tensors.h"

namespace attest::oracle {

/// Evaluates rows in Real: double or long double.
template <typename Real>
class Evaluator {
 public:
  /// Keeps references to its arguments.
  Evaluator(const problem::Problem& problem, const problem::Inputs& inputs,
            const problem::Numerics& numerics, const ExpectOptions& options);

  /// Fills in every element of `expected`, which has its final size.
  void run(Expected& expected);

 private:
  void load_sequence(std::int64_t b);
  /// Keys this row sees whatever the head, into row_keys_.
  void find_row_keys(std::int64_t b, std::int64_t row);
  void evaluate(std::int64_t b, std::int64_t row, std::int64_t head, Reference* o, Reference& lse);
  /// q.k and |q|.|k| of the panels that hold the row's range, into dot_ and abs_dot_.
  void dot_products(const double* q, std::int64_t kv_head);
  /// Scores of the visible keys, into keys_, s_, abs_s_, bias_, t_ and exact_t_. Returns whether
  /// all are finite.
  bool score_keys(std::int64_t b, std::int64_t row, std::int64_t head);
  void weigh_values(std::int64_t b, std::int64_t head);
  void judge(std::int64_t b, std::int64_t row, std::int64_t head, Reference* o, Reference& lse);
  /// Rows with something non-finite in sight: what the definition at 50 digits says.
  void judge_structure(std::int64_t b, std::int64_t row, std::int64_t head, Reference* o,
                       Reference* lse);

  const problem::Problem& problem_;
  const ExpectOptions& options_;
  const problem::Inputs& inputs_;
  const LogicalTensors tensors_;
  const Arithmetic kernel_;
  const Arithmetic own_;
  const bool with_sink_;
  const int num_scales_;

  std::vector<double> q_, k_, v_;  ///< all inputs; v_ is empty with v_is_k_prefix

  // One sequence.
  std::int64_t kv_len_ = 0;
  std::vector<double> k_panels_;   ///< [num_kv_heads, panels, head_dim_qk, kPanel]
  std::vector<double> v_by_head_;  ///< [num_kv_heads, kv_len, head_dim_v]
  std::vector<double> sum_abs_k_;  ///< [num_kv_heads, kv_len]

  // One row.
  std::int64_t range_first_ = 0, range_last_ = 0;
  std::vector<std::int64_t> row_keys_;
  std::vector<double> distance_;  ///< per entry of row_keys_, for ALiBi

  // One row of one head; per visible key.
  std::vector<std::int64_t> keys_;
  std::vector<Real> dot_, exact_t_, weight_, sum_;
  std::vector<double> abs_dot_, s_, abs_s_, bias_, t_, p_;
  std::vector<double> visible_v_, o_;
  std::vector<Real> exact_o_;
  Real exact_lse_ = 0;
  double sum_abs_q_ = 0, max_sum_abs_k_ = 0;
  BoundScratch scratch_;
  RowBound bound_, ball_;
};

extern template class Evaluator<double>;
extern template class Evaluator<long double>;

/// The definition at 50 digits, rounded; NaN and infinities kept.
Row<long double> precise_row(const problem::Problem& problem, const problem::Inputs& inputs,
                             std::int64_t b, std::int64_t head, std::int64_t row,
                             const ExpectOptions& options);

}  // namespace attest::oracle
