// The products that one vector of a gradient adds up, and their sum as a kernel makes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/oracle/gradient_machine.h"
#include "tests/oracle/simulated_gradient.h"

namespace attest::tests {

template <typename T>
struct GradientTerms {
  std::vector<T> weights;
  std::vector<const std::vector<T>*> vectors;
  std::vector<std::int64_t> heads;  ///< query heads, ascending

  /// `vector` has to outlive this.
  void add(T weight, const std::vector<T>& vector, std::int64_t head) {
    weights.push_back(weight);
    vectors.push_back(&vector);
    heads.push_back(head);
  }
};

/// sum of weight * vector[d], for d in [0, lanes): all terms at once, or head by head.
template <typename T>
std::vector<T> add_up(const GradientTerms<T>& terms, std::int64_t lanes, const GradientStyle& style,
                      GradientMachine<T>& machine) {
  std::vector<T> sums;
  const std::size_t n = terms.weights.size();
  for (std::int64_t d = 0; d < lanes; ++d) {
    T sum = 0;
    for (std::size_t first = 0; first < n;) {
      std::vector<T> weights, column;
      std::size_t i = first;
      for (; i < n; ++i) {
        if (style.heads_apart && terms.heads[i] != terms.heads[first]) break;
        weights.push_back(terms.weights[i]);
        column.push_back((*terms.vectors[i])[static_cast<std::size_t>(d)]);
      }
      const T part =
          machine.store(machine.split_dot(weights, column, style.sums), style.part_dtype);
      sum = first == 0 ? part : machine.add(sum, part);
      first = i;
      if (style.defect == Defect::kOneHeadOfGroup) break;
    }
    sums.push_back(sum);
  }
  return sums;
}

}  // namespace attest::tests
