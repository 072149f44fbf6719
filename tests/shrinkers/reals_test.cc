#include "shrinkers/reals.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "problem/special_values.h"

namespace attest::tests {
namespace {

using shrinkers::cost_of;
using shrinkers::cost_of_factor;
using shrinkers::simpler_factors_than;
using shrinkers::simpler_than;

constexpr double kSubnormal = std::numeric_limits<double>::denorm_min();

TEST(CostOf, RanksNumbersAsDocumented) {
  const std::vector<double> simplest_first = {
      0.0,  1.0,    -1.0,       -0.0, 2.0,   -2.0, 3.0,       16.0,      0.5,        -0.5,
      0.25, 1024.0, kSubnormal, 1.5,  0.625, 17.0, 1.0 / 3.0, kInfinity, -kInfinity, kNaN};
  for (std::size_t i = 1; i < simplest_first.size(); ++i) {
    EXPECT_LT(cost_of(simplest_first[i - 1]), cost_of(simplest_first[i]))
        << simplest_first[i - 1] << " before " << simplest_first[i];
  }
}

TEST(CostOfFactor, RanksOneFirst) {
  EXPECT_EQ(cost_of_factor(1.0), 0);
  for (const double value : {0.0, -1.0, 2.0, 0.125, 0.1}) EXPECT_GT(cost_of_factor(value), 0);
}

// rc::gen::arbitrary<double> knows neither NaN nor infinities nor subnormals: bit patterns do.
RC_GTEST_PROP(CostOf, StaysInItsRange, (std::uint64_t bits)) {
  const std::int64_t cost = cost_of(std::bit_cast<double>(bits));
  RC_ASSERT(cost >= 0);
  RC_ASSERT(cost < (std::int64_t{1} << 19));
}

RC_GTEST_PROP(SimplerThan, IsStrictlyCheaperAndCheapestFirst, (std::uint64_t bits, bool small)) {
  const auto integer = static_cast<std::int64_t>(bits % 4001) - 2000;
  const double value = small ? static_cast<double>(integer) / 64.0 : std::bit_cast<double>(bits);
  std::int64_t last = -1;
  for (const double simpler : simpler_than(value)) {
    RC_ASSERT(cost_of(simpler) < cost_of(value));
    RC_ASSERT(cost_of(simpler) > last);
    last = cost_of(simpler);
  }
  RC_ASSERT(simpler_than(value).empty() == (cost_of(value) == 0));
}

TEST(SimplerThan, ComesNearTheNumber) {
  const std::vector<double> simpler = simpler_than(5.3);
  EXPECT_EQ(simpler.front(), 0.0);
  EXPECT_NE(std::find(simpler.begin(), simpler.end(), 5.0), simpler.end());
  EXPECT_EQ(simpler_than(7.0).back(), 6.0);
  EXPECT_TRUE(simpler_than(0.0).empty());
}

TEST(SimplerFactorsThan, NeverIsZero) {
  for (const double value : {0.0, 0.17677669529663687, -3.0, 30.0, 1e-300}) {
    for (const double simpler : simpler_factors_than(value)) EXPECT_NE(simpler, 0.0);
    EXPECT_EQ(simpler_factors_than(value).front(), 1.0) << value;
  }
  EXPECT_TRUE(simpler_factors_than(1.0).empty());
}

}  // namespace
}  // namespace attest::tests
