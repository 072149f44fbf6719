// The simulated arithmetic itself: a mistake there would look like a mistake in a bound.
#include "tests/oracle/simulated/machine.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "problem/dtype.h"
#include "tests/oracle/random_case.h"

namespace attest::tests {
namespace {

using problem::DType;

constexpr int kDraws = 20000;

Rounding rounding_to(DType type, bool cut = false) {
  const problem::FloatFormat format = problem::format_of(type);
  return {.bits = format.mantissa_bits + 1,
          .cut = cut,
          .lowest_unit = 1 - format.bias - format.mantissa_bits,
          .largest = problem::largest_finite(type)};
}

/// Numbers of all sizes, and some half way between two neighbours.
double draw(Random& random, DType type) {
  const auto scale = static_cast<int>(random.between(-30, 20));
  const double x = std::ldexp(random.uniform(-2, 2), scale);
  const double near = problem::round_to(type, x);
  if (random.chance(70) || near == 0 || !std::isfinite(near)) return x;
  return near + problem::unit_roundoff(type) * std::ldexp(1.0, std::ilogb(near));
}

TEST(Machine, RoundsLikeTheTypesOfProblem) {
  for (const DType type : {DType::kF16, DType::kBF16, DType::kF32}) {
    Random random(1);
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw(random, type);
      ASSERT_EQ(round_as(x, rounding_to(type)), problem::round_to(type, x))
          << name_of(type) << " " << x;
    }
  }
}

TEST(Machine, CutsTowardsZeroByLessThanOneUnit) {
  Random random(2);
  for (int i = 0; i < kDraws; ++i) {
    const double x = draw(random, DType::kF16);
    const double cut = round_as(x, rounding_to(DType::kF16, true));
    const double unit = std::ldexp(1.0, std::max(std::ilogb(x) - 10, -24));
    ASSERT_LE(std::abs(cut), std::abs(x));
    if (std::abs(x) > problem::largest_finite(DType::kF16)) continue;
    ASSERT_LT(std::abs(x - cut), unit) << x;
  }
}

/// All shapes of a sum, by one machine.
std::vector<float> sums(const Style& style, const std::vector<float>& a,
                        const std::vector<float>& b) {
  const Sabotage none;
  Random random(3);
  Machine<float> machine(style, none, random);
  std::vector<float> result;
  for (int how = 0; how <= static_cast<int>(Sum::kTensorCore); ++how) {
    result.push_back(machine.dot(a.data(), b.data(), a.size(), 1, static_cast<Sum>(how), 4, 1.0F));
  }
  return result;
}

TEST(Machine, EverySumOfSmallIntegersIsExact) {
  Random random(4);
  for (int n = 0; n < 40; ++n) {
    std::vector<float> a, b;
    float exact = 1;
    for (int i = 0; i < n; ++i) {
      a.push_back(static_cast<float>(random.between(-9, 9)));
      b.push_back(static_cast<float>(random.between(-9, 9)));
      exact += a.back() * b.back();
    }
    for (const auto accumulator :
         {problem::Accumulator::kRoundToNearest, problem::Accumulator::kTruncating,
          problem::Accumulator::kAlignedTruncating}) {
      for (const float sum : sums({.accumulator = accumulator}, a, b)) ASSERT_EQ(sum, exact);
    }
  }
}

TEST(Machine, AnAlignedBlockCutsEveryProductAtTheLargest) {
  // 2^24 keeps 24 bits down to 1; each of the three products of 0.75 is lost on its own.
  const Style style{.accumulator = problem::Accumulator::kAlignedTruncating, .mma_depth = 4};
  const std::vector<float> a = {0x1p12F, 0.75F, 0.75F, 0.75F};
  const std::vector<float> b = {0x1p12F, 1, 1, 1};
  const Sabotage none;
  Random random(5);
  Machine<float> machine(style, none, random);
  EXPECT_EQ(machine.dot(a.data(), b.data(), 4, 1, Sum::kTensorCore, 1, 0), 0x1p24F);
}

}  // namespace
}  // namespace attest::tests
