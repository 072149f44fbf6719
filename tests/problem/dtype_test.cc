// Exactness of decode and encode: every code of the small types, every midpoint between neighbours.
#include "problem/dtype.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <Eigen/Core>
#include <gtest/gtest.h>

#include "problem/elements.h"
#include "problem/special_values.h"
#include "problem/values.h"

namespace attest::problem {
namespace {

constexpr std::array<DType, 4> kSmall = {DType::kF16, DType::kBF16, DType::kE4M3, DType::kE5M2};

std::uint64_t num_codes(DType type) { return std::uint64_t{1} << (8 * size_of(type)); }
std::uint64_t sign_of(DType type) { return num_codes(type) / 2; }
std::uint64_t quiet_bit(DType type) {
  return std::uint64_t{1} << (format_of(type).mantissa_bits - 1);
}

/// Bits of a double that is anything: any exponent, NaNs and infinities too.
double any_double(std::uint64_t i) { return std::bit_cast<double>(derive_seed(1, i)); }

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

TEST(DTypeTest, EveryCodeOfTheSmallTypesSurvivesDecodeAndEncode) {
  for (const DType type : kSmall) {
    for (std::uint64_t code = 0; code < num_codes(type); ++code) {
      const double value = decode(type, code);
      const bool quieted = std::isnan(value) && type != DType::kE4M3;
      ASSERT_EQ(encode(type, value), quieted ? code | quiet_bit(type) : code)
          << name_of(type) << " code " << code;
      ASSERT_EQ(std::signbit(value), (code & sign_of(type)) != 0);
    }
  }
}

TEST(DTypeTest, F16AgreesWithEigenOnEveryCode) {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto bits = static_cast<std::uint16_t>(code);
    const auto theirs = static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(bits));
    const double ours = decode(DType::kF16, code);
    ASSERT_EQ(std::isnan(ours), std::isnan(theirs)) << code;
    if (!std::isnan(ours)) {
      ASSERT_TRUE(same_bits(ours, theirs)) << code;
    }
  }
}

TEST(DTypeTest, BF16AgreesWithEigenOnEveryCode) {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto bits = static_cast<std::uint16_t>(code);
    const auto theirs = static_cast<float>(Eigen::numext::bit_cast<Eigen::bfloat16>(bits));
    const double ours = decode(DType::kBF16, code);
    ASSERT_EQ(std::isnan(ours), std::isnan(theirs)) << code;
    if (!std::isnan(ours)) {
      ASSERT_TRUE(same_bits(ours, theirs)) << code;
    }
  }
}

TEST(DTypeTest, EncodingFloatsAgreesWithEigen) {
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(derive_seed(2, i)));
    if (std::isnan(value)) continue;
    ASSERT_EQ(encode(DType::kF16, value),
              Eigen::numext::bit_cast<std::uint16_t>(Eigen::half(value)))
        << value;
    ASSERT_EQ(encode(DType::kBF16, value),
              Eigen::numext::bit_cast<std::uint16_t>(Eigen::bfloat16(value)))
        << value;
  }
}

TEST(DTypeTest, BetweenNeighboursTheNearerOneWinsAndTiesGoToTheEvenCode) {
  for (const DType type : kSmall) {
    const std::uint64_t last = encode(type, largest_finite(type));
    for (std::uint64_t low = 0; low < last; ++low) {
      const std::uint64_t high = low + 1;
      const double middle = 0.5 * (decode(type, low) + decode(type, high));  // exact
      const std::uint64_t even = low % 2 == 0 ? low : high;
      ASSERT_EQ(encode(type, middle), even) << name_of(type) << " after code " << low;
      ASSERT_EQ(encode(type, -middle), even | sign_of(type));
      ASSERT_EQ(encode(type, std::nextafter(middle, 0.0)), low);
      ASSERT_EQ(encode(type, std::nextafter(middle, kInfinity)), high);
      ASSERT_EQ(encode(type, -std::nextafter(middle, kInfinity)), high | sign_of(type));
    }
  }
}

TEST(DTypeTest, OverflowStartsHalfAUnitPastTheLargestNumber) {
  for (const DType type : kSmall) {
    const double largest = largest_finite(type);
    const std::uint64_t last = encode(type, largest);
    const double edge = largest + 0.5 * (largest - decode(type, last - 1));
    EXPECT_EQ(encode(type, std::nextafter(edge, 0.0)), last) << name_of(type);
    EXPECT_EQ(encode(type, std::nextafter(edge, kInfinity)), last + 1) << name_of(type);
    // The tie goes to the even code: past the end where the last code is odd, not so in e4m3.
    EXPECT_EQ(encode(type, edge), type == DType::kE4M3 ? last : last + 1) << name_of(type);
  }
}

TEST(DTypeTest, E4M3HasNoInfinityAndOverflowsToNaN) {
  EXPECT_TRUE(std::isnan(decode(DType::kE4M3, 0x7f)));
  EXPECT_EQ(encode(DType::kE4M3, kInfinity), 0x7fu);
  EXPECT_EQ(encode(DType::kE4M3, -kInfinity), 0xffu);
  EXPECT_EQ(encode(DType::kE4M3, -1e300), 0xffu);
  EXPECT_EQ(encode(DType::kE5M2, 1e300), 0x7cu);
}

TEST(DTypeTest, RoundsOnceAndNotThroughFloat) {
  // Through f32 this becomes the tie 1 + 2^-11 and then 1.
  EXPECT_EQ(round_to(DType::kF16, 1.0 + 0x1p-11 + 0x1p-40), 1.0 + 0x1p-10);
  EXPECT_EQ(round_to(DType::kBF16, 1.0 + 0x1p-8 + 0x1p-40), 1.0 + 0x1p-7);
}

TEST(DTypeTest, F32IsTheConversionOfTheMachine) {
  const auto check = [](double value) {
    const auto expected = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    ASSERT_EQ(encode(DType::kF32, value), expected) << value;
    ASSERT_TRUE(same_bits(round_to(DType::kF32, value), decode(DType::kF32, expected)));
  };
  for (std::uint64_t i = 0; i < 100'000; ++i) check(any_double(i));
  // Random bits rarely hit the range of f32: exponents around it, with short mantissas for ties.
  for (int exponent = -152; exponent <= 130; ++exponent) {
    for (std::uint64_t i = 0; i < 64; ++i) {
      const auto mantissa = static_cast<double>(derive_seed(3, i) >> (38 - i % 8));
      check(std::ldexp(mantissa, exponent - 24));
      check(-std::ldexp(mantissa, exponent - 24));
    }
  }
  for (const double value : {0.0, -0.0, kInfinity, -kInfinity, 0x1.fffffefp127, 0x1.ffffffp127,
                             0x1p-150, 0x1.000001p-150, 0x1p-1074, 0x1.ffffffffffffep1023}) {
    check(value);
  }
}

TEST(DTypeTest, F64IsExact) {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const double value = any_double(i);
    if (!std::isnan(value)) {
      EXPECT_TRUE(same_bits(round_to(DType::kF64, value), value));
    }
  }
}

TEST(DTypeTest, NaNBecomesAQuietNaNOfTheSameSign) {
  const double signalling = std::bit_cast<double>(std::uint64_t{0x7ff0'0000'0000'0001});
  for (const DType type : all_dtypes()) {
    const std::uint64_t positive = encode(type, signalling);
    const std::uint64_t negative = encode(type, -signalling);
    EXPECT_TRUE(std::isnan(decode(type, positive))) << name_of(type);
    EXPECT_FALSE(std::signbit(decode(type, positive))) << name_of(type);
    EXPECT_TRUE(std::signbit(decode(type, negative))) << name_of(type);
    EXPECT_NE(positive & quiet_bit(type), 0u) << name_of(type);
  }
}

TEST(DTypeTest, DecodingKeepsThePayloadOfASignallingNaN) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(decode(DType::kF32, 0xff80'0001)), 0xfff0'0000'2000'0000u);
}

TEST(DTypeTest, LimitsAreTheKnownNumbers) {
  EXPECT_EQ(largest_finite(DType::kF64), std::numeric_limits<double>::max());
  EXPECT_EQ(largest_finite(DType::kF32), std::numeric_limits<float>::max());
  EXPECT_EQ(largest_finite(DType::kF16), 65504.0);
  EXPECT_EQ(largest_finite(DType::kBF16), 0x1.fep127);
  EXPECT_EQ(largest_finite(DType::kE4M3), 448.0);
  EXPECT_EQ(largest_finite(DType::kE5M2), 57344.0);
  EXPECT_EQ(smallest_subnormal(DType::kF64), 0x1p-1074);
  EXPECT_EQ(smallest_subnormal(DType::kF32), 0x1p-149);
  EXPECT_EQ(smallest_subnormal(DType::kE4M3), 0x1p-9);
  EXPECT_EQ(smallest_normal(DType::kF16), 0x1p-14);
  EXPECT_EQ(smallest_normal(DType::kE5M2), 0x1p-14);
  EXPECT_EQ(unit_roundoff(DType::kF64), 0x1p-53);
  EXPECT_EQ(unit_roundoff(DType::kBF16), 0x1p-8);
}

TEST(DTypeTest, NamesAreReadBack) {
  for (const DType type : all_dtypes()) EXPECT_EQ(parse_dtype(name_of(type)), type);
  EXPECT_EQ(parse_dtype("f8"), std::nullopt);
  EXPECT_EQ(parse_dtype(""), std::nullopt);
}

TEST(DTypeTest, ElementsAreStoredLittleEndianAtAnyAddress) {
  for (const DType type : all_dtypes()) {
    std::array<unsigned char, 9> memory{};
    const std::uint64_t bits = 0x1122334455667788u >> (64 - 8 * size_of(type));
    store_bits(type, memory.data() + 1, bits);
    EXPECT_EQ(load_bits(type, memory.data() + 1), bits) << name_of(type);
    EXPECT_EQ(memory[0], 0);
    EXPECT_EQ(memory[1], bits & 0xff);
  }
}

TEST(ElementsTest, TheUnwrittenPatternIsANaNThatArithmeticDoesNotMake) {
  for (const DType type : all_dtypes()) {
    EXPECT_TRUE(std::isnan(decode(type, unwritten_bits(type)))) << name_of(type);
    if (type == DType::kE4M3) continue;  // has one NaN only
    EXPECT_NE(unwritten_bits(type), encode(type, std::nan(""))) << name_of(type);
  }
}

TEST(ElementsTest, SettingRoundsToTheType) {
  Elements elements(DType::kF16, 3);
  elements.set(1, 1.0 + 0x1p-12);
  EXPECT_EQ(elements.value(1), 1.0);
  EXPECT_EQ(elements.bits(0), 0u);
  EXPECT_EQ(elements.bytes(), 6u);
}

}  // namespace
}  // namespace attest::problem
