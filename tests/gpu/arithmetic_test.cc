// The device rounds and errs as kernels/cuda declares. The largest errors are printed. Skipped
// without a device; in a process of its own, which touches the device itself.
#include "tests/gpu/arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/gpu/device.h"
#include "problem/dtype.h"

namespace attest::tests {
namespace {

using problem::DType;

constexpr double kU = 0x1p-24;  // unit roundoff of f32

class DeviceArithmetic : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = kernels::gpu::why_no_device()) GTEST_SKIP() << *why;
  }
};

/// 2^20 numbers of [low, high], evenly.
std::vector<float> between(double low, double high) {
  constexpr int kCount = 1 << 20;
  std::vector<float> x;
  for (int i = 0; i <= kCount; ++i) {
    x.push_back(static_cast<float>(low + (high - low) * i / kCount));
  }
  return x;
}

/// The largest of error(exact, got) / allowed(x), which has to be 1 at most.
template <typename Exact, typename Allowed>
void expect_within(DeviceFunction function, const std::vector<float>& x, const Exact& exact,
                   const Allowed& allowed) {
  const std::vector<float> y = on_device(function, x);
  double worst = 0, at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double right = exact(double{x[i]});
    const double ratio = std::abs(double{y[i]} - right) / allowed(double{x[i]}, right);
    if (!(ratio <= worst)) worst = ratio, at = x[i];
  }
  std::printf("worst error / declared: %.3f at %g\n", worst, at);
  EXPECT_TRUE(worst <= 1) << worst << " at " << at;
}

// As declared in kernels/cuda/declare.cuh.
TEST_F(DeviceArithmetic, FastExponentialsErrAsDeclared) {
  expect_within(
      DeviceFunction::kFastExp, between(-80, 0), [](double x) { return std::exp(x); },
      [](double x, double right) { return (4 + 2.35 * std::abs(x)) * kU * right; });
}

// Their argument, a difference of scores in bits, was rounded once more: with the 2.35 u |x| of
// above that leaves the 4 u.
TEST_F(DeviceArithmetic, FastPowersOfTwoErrAsDeclared) {
  expect_within(
      DeviceFunction::kFastExp2, between(-120, 0), [](double x) { return std::exp2(x); },
      [](double, double right) { return 4 * kU * right; });
}
TEST_F(DeviceArithmetic, FastPowersOfTwoFlushWhatIsSubnormal) {
  for (const float y : on_device(DeviceFunction::kFastExp2, {-126.5F, -140.0F, -INFINITY})) {
    EXPECT_EQ(y, 0);
  }
}

// What a declaration without exp_ulp or tanh_ulp means: 5 u + 3 u |x|, and 4 u.
TEST_F(DeviceArithmetic, PowersOfTwoErrNoMoreThanByDefault) {
  expect_within(
      DeviceFunction::kExp2, between(-80, 0), [](double x) { return std::exp2(x); },
      [](double x, double right) { return (5 + 3 * std::abs(x)) * kU * right; });
}
TEST_F(DeviceArithmetic, HyperbolicTangentsErrNoMoreThanByDefault) {
  expect_within(
      DeviceFunction::kTanh, between(-12, 12), [](double x) { return std::tanh(x); },
      [](double, double) { return 4 * kU; });
}
TEST_F(DeviceArithmetic, LogarithmsOfSumsAreNearlyRounded) {
  expect_within(
      DeviceFunction::kLog, between(1, 100000), [](double x) { return std::log(x); },
      [](double, double right) { return 4 * kU * std::abs(right) + kU; });
}

/// Numbers of all exponents, and ties of every small type.
std::vector<float> all_kinds() {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 8209) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  for (std::uint32_t high = 0; high <= 0xffffu; ++high) {
    for (const std::uint32_t low : {0u, 1u, 0x1000u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      x.push_back(std::bit_cast<float>(high << 16 | low));
    }
  }
  return x;
}

/// Too large for e4m3 is 448, and not NaN.
double saturated(DType type, double x) {
  if (type != DType::kE4M3 || std::isnan(x)) return x;
  return std::clamp(x, -448.0, 448.0);
}

void expect_rounded(DeviceFunction function, DType type) {
  const std::vector<float> x = all_kinds();
  const std::vector<float> bits = on_device(function, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto got = static_cast<std::uint64_t>(bits[i]);
    if (std::isnan(x[i])) {
      ASSERT_TRUE(std::isnan(problem::decode(type, got))) << x[i];
      continue;
    }
    ASSERT_EQ(got, problem::encode(type, saturated(type, double{x[i]}))) << x[i];
  }
}

TEST_F(DeviceArithmetic, NumbersRoundToHalvesToNearestEven) {
  expect_rounded(DeviceFunction::kHalf, DType::kF16);
}
TEST_F(DeviceArithmetic, NumbersRoundToBfloatsToNearestEven) {
  expect_rounded(DeviceFunction::kBfloat, DType::kBF16);
}
TEST_F(DeviceArithmetic, NumbersRoundToE4m3ToNearestEvenAndSaturate) {
  expect_rounded(DeviceFunction::kE4m3, DType::kE4M3);
}

}  // namespace
}  // namespace attest::tests
