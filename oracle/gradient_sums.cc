#include "oracle/gradient_sums.h"

#include <algorithm>
#include <cmath>

#include "problem/special_values.h"

namespace attest::oracle {

GradientSums::GradientSums(std::int64_t vectors, std::int64_t dim)
    : dim_(static_cast<std::size_t>(dim)),
      count_(static_cast<std::size_t>(vectors)),
      weights_(static_cast<std::size_t>(vectors)) {
  for (std::vector<double>* sums : {&value_, &size_, &kernel_, &own_}) {
    sums->resize(count_.size() * dim_);
  }
}

void GradientSums::add(std::int64_t vector, const Weight& weight, const double* x,
                       std::int64_t lanes) {
  const auto row = static_cast<std::size_t>(vector);
  const double size = std::abs(weight.value) + std::max(weight.kernel_error, weight.own_error);
  count_[row] += 1;
  weights_[row] += size;
  double* const value = value_.data() + row * dim_;
  double* const sizes = size_.data() + row * dim_;
  double* const kernel = kernel_.data() + row * dim_;
  double* const own = own_.data() + row * dim_;
  for (std::int64_t d = 0; d < lanes; ++d) {
    const double magnitude = std::abs(x[d]);
    value[d] += weight.value * x[d];
    sizes[d] += size * magnitude;
    kernel[d] += weight.kernel_error * magnitude;
    own[d] += weight.own_error * magnitude;
  }
}

std::vector<Reference> GradientSums::finish(const SumShape& shape, const GradientArithmetic& kernel,
                                            const GradientArithmetic& own) const {
  SumShape own_shape = shape;
  own_shape.operand_error = own_shape.operand_tiny = 0;
  std::vector<Reference> references(value_.size());
  for (std::size_t i = 0; i < references.size(); ++i) {
    const std::size_t row = i / dim_;
    SumTerms terms{
        .count = count_[row], .size = size_[i], .weights = weights_[row], .error = own_[i]};
    const double ball = sum_bound(terms, own_shape, own);
    terms.error = kernel_[i];
    Reference& reference = references[i];
    reference.bound = sum_bound(terms, shape, kernel);
    if (std::isfinite(value_[i]) && std::isfinite(ball)) {
      reference.value = value_[i];
      reference.ball = ball;
    } else {
      reference.bound = kInfinity;
    }
  }
  return references;
}

}  // namespace attest::oracle
