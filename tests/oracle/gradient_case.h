// Upstream gradients for the tests of the gradients, and their tensors by name.
#pragma once

#include <cstdint>

#include "oracle/gradient_definition.h"
#include "tests/oracle/random_case.h"

namespace attest::tests {

enum class UpstreamKind {
  kNormal,
  kPositive,  ///< nothing cancels in sums over rows
  kOneLane,   ///< dO is 0 but in one lane
  kOneRow,    ///< dO is 0 but in one row of every head
  kLseOnly,   ///< dO is 0
  kLarge,     ///< as under loss scaling
};
inline constexpr int kNumUpstreamKinds = 6;

/// Same arguments, same upstream; a gradient of lse in half of the cases.
oracle::Upstream random_upstream(std::uint64_t seed, UpstreamKind kind,
                                 const problem::Problem& problem);

/// Calls visit(name, member of each...) for every tensor of one or more Gradients.
template <typename Visit, typename First, typename... Rest>
void for_each_gradient(Visit&& visit, First& first, Rest&... rest) {
  visit("dQ", first.q, rest.q...);
  visit("dK", first.k, rest.k...);
  visit("dV", first.v, rest.v...);
  visit("dbias", first.bias, rest.bias...);
  visit("dsink", first.sink, rest.sink...);
  visit("dslope", first.slope, rest.slope...);
}

}  // namespace attest::tests
