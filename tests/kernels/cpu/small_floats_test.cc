// The kernels' own small floats against problem/dtype.h: two implementations, one format.
#include "kernels/cpu/small_floats.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "problem/dtype.h"

namespace attest::kernels::cpu {
namespace {

using problem::DType;

template <typename S>
class SmallFloats : public testing::Test {
 public:
  static constexpr auto kType = static_cast<DType>(S::kDtype);
  static constexpr std::uint32_t kPatterns = 1u << (8 * sizeof(S));

  static S of_bits(std::uint32_t bits) { return {static_cast<typename S::Bits>(bits)}; }
  static float value(std::uint32_t bits) { return static_cast<float>(of_bits(bits)); }

  static void expect_rounds_alike(float x) {
    const double largest = problem::largest_finite(kType);
    std::uint64_t expected = problem::encode(kType, x);
    if (!problem::format_of(kType).has_inf && !std::isfinite(problem::decode(kType, expected))) {
      expected = problem::encode(kType, std::copysign(largest, x));  // a kernel's cast saturates
    }
    ASSERT_EQ(S::from(x).bits, expected) << x;
  }
};

using Types = testing::Types<F16, BF16, E4M3, E5M2>;
TYPED_TEST_SUITE(SmallFloats, Types);

TYPED_TEST(SmallFloats, have_the_value_of_every_bit_pattern) {
  for (std::uint32_t bits = 0; bits < this->kPatterns; ++bits) {
    const double expected = problem::decode(this->kType, bits);
    const float got = this->value(bits);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(got)) << bits;
    } else {
      ASSERT_EQ(got, expected) << bits;
      ASSERT_EQ(std::signbit(got), std::signbit(expected)) << bits;
    }
  }
}

TYPED_TEST(SmallFloats, survive_a_round_trip) {
  for (std::uint32_t bits = 0; bits < this->kPatterns; ++bits) {
    const float x = this->value(bits);
    if (!std::isfinite(x)) continue;
    ASSERT_EQ(TypeParam::from(x).bits, bits);
  }
}

TYPED_TEST(SmallFloats, round_to_nearest_even_around_every_value_and_every_midpoint) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (std::uint32_t bits = 0; bits + 1 < this->kPatterns; ++bits) {
    const float x = this->value(bits);
    const float next = this->value(bits + 1);
    if (!std::isfinite(x) || !std::isfinite(next)) continue;
    const float middle = x + (next - x) / 2;
    for (const float near : {x, middle}) {
      this->expect_rounds_alike(near);
      this->expect_rounds_alike(std::nextafter(near, infinity));
      this->expect_rounds_alike(std::nextafter(near, -infinity));
    }
  }
}

TYPED_TEST(SmallFloats, round_what_is_too_large_or_too_small_for_the_type) {
  const auto largest = static_cast<float>(problem::largest_finite(this->kType));
  const auto smallest = static_cast<float>(problem::smallest_subnormal(this->kType));
  for (const float factor : {0.25f, 0.5f, 0.75f, 1.0f, 1.001f, 1.03f, 1.0625f, 1.1f, 1.5f, 4.0f}) {
    for (const float sign : {1.0f, -1.0f}) {
      this->expect_rounds_alike(sign * factor * largest);
      this->expect_rounds_alike(sign * factor * smallest);
    }
  }
  for (const float x :
       {0.0f, -0.0f, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::max()}) {
    this->expect_rounds_alike(x);
  }
}

TYPED_TEST(SmallFloats, keep_nan_and_as_far_as_they_have_it_infinity) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(
      std::isnan(static_cast<float>(TypeParam::from(std::numeric_limits<float>::quiet_NaN()))));
  const auto stored = static_cast<float>(TypeParam::from(-infinity));
  const double largest = problem::largest_finite(this->kType);
  EXPECT_EQ(stored, problem::format_of(this->kType).has_inf ? -infinity : -largest);
}

}  // namespace
}  // namespace attest::kernels::cpu
