// The sums that gradients are: every element adds up products of a weight (a term of a query row)
// and one lane of a vector. Keeps what the bounds need beside the value. Internal to oracle/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "oracle/expected.h"
#include "oracle/gradient_bound.h"

namespace attest::oracle {

/// The first factor of a product: its value and the errors of a kernel's and of the own evaluation.
struct Weight {
  double value = 0;
  double kernel_error = 0;
  double own_error = 0;
};

/// Sums over vectors of `dim` lanes.
class GradientSums {
 public:
  GradientSums(std::int64_t vectors, std::int64_t dim);

  /// sum[vector, d] += weight * x[d] for the first `lanes` lanes. Terms are added in the order of
  /// the calls.
  void add(std::int64_t vector, const Weight& weight, const double* x, std::int64_t lanes);

  /// Values with ball and bound. What is no number decides nothing: its bound is infinite.
  std::vector<Reference> finish(const SumShape& shape, const GradientArithmetic& kernel,
                                const GradientArithmetic& own) const;

 private:
  std::size_t dim_;
  std::vector<double> value_, size_, kernel_, own_;  ///< [vectors, dim]
  std::vector<double> count_, weights_;              ///< [vectors]
};

}  // namespace attest::oracle
