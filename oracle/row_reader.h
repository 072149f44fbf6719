// One row of attention as plain numbers: which keys it sees, what is added to their scores, and,
// for the bounds, the sizes of everything. No results: those are the engine's. Internal to oracle/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "oracle/bounds.h"
#include "oracle/decode.h"
#include "oracle/expected.h"
#include "oracle/logical_tensors.h"

namespace attest::oracle {

class RowReader {
 public:
  /// Keeps references to its arguments.
  RowReader(const problem::Problem& problem, const problem::Inputs& inputs,
            const DecodedInputs& decoded, const ExpectOptions& options);

  /// Keys outside of [first, last) are hidden from this row; inside, additions() says -inf.
  problem::Range range(std::int64_t b, std::int64_t row) const;
  /// True when anything is added to scores of this sequence, or keys inside the range are hidden.
  bool has_additions(std::int64_t b) const;
  /// What is added to the scores of keys [range.begin, range.end) after softcap, as a sum of two
  /// doubles, and the sizes of its parts. Entry j of the arrays is for key j of the sequence.
  void additions(std::int64_t b, std::int64_t row, std::int64_t head, double* sum, double* low,
                 double* size) const;

  double factor(std::int64_t b, std::int64_t head,
                double& low) const;      ///< scale * q_scale * k_scale
  double sink(std::int64_t head) const;  ///< -inf without one

  const double* q(std::int64_t b, std::int64_t row, std::int64_t head) const;
  const double* k(std::int64_t b, std::int64_t kv_head, std::int64_t key) const;
  const double* v(std::int64_t b, std::int64_t kv_head, std::int64_t key) const;
  std::int64_t k_stride() const;  ///< doubles between neighbouring keys of one head
  std::int64_t v_stride() const;

  /// What is known of a row before its keys are looked at.
  RowShape shape(std::int64_t b, std::int64_t head) const;
  /// Fills in everything about the row but its results `o` and `shape.lse`. Memory stays with this
  /// object until the next call. Returns false when a number overflows.
  bool read(std::int64_t b, std::int64_t row, std::int64_t head, BoundInput& input);
  /// Sets the probabilities, once lse is known.
  void set_lse(double lse, BoundInput& input);

  const LogicalTensors& tensors() const { return tensors_; }

 private:
  const problem::Problem& problem_;
  const DecodedInputs& decoded_;
  const ExpectOptions& options_;
  const LogicalTensors tensors_;

  std::vector<double> sum_, low_, size_;  ///< additions
  std::vector<std::int64_t> keys_;
  std::vector<double> s_, abs_s_, squares_, extra_, t_, p_, v_;
};

}  // namespace attest::oracle
