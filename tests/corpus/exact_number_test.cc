#include "corpus/exact_number.h"

#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include "problem/values.h"

namespace attest::corpus {
namespace {

using problem::DType;

double parsed(const std::string& token) {
  if (token == "\"nan\"") return std::nan("");
  if (token == "\"inf\"") return HUGE_VAL;
  if (token == "\"-inf\"") return -HUGE_VAL;
  return std::strtod(token.c_str(), nullptr);
}

TEST(ExactNumber, OfEverySmallTypeHasADecimalThatAgrees) {
  for (const DType type : {DType::kE4M3, DType::kE5M2, DType::kF16, DType::kBF16}) {
    const std::uint64_t count = std::uint64_t{1} << (8 * problem::size_of(type));
    for (std::uint64_t bits = 0; bits < count; ++bits) {
      const std::string text = decimal_text(type, bits);
      ASSERT_TRUE(agrees(type, bits, parsed(text))) << bits_text(type, bits) << ' ' << text;
      ASSERT_EQ(parse_bits(type, bits_text(type, bits)), bits);
    }
  }
}

TEST(ExactNumber, OfRandomBitsHasADecimalThatAgrees) {
  for (std::uint64_t i = 0; i < 50000; ++i) {
    const std::uint64_t bits = problem::derive_seed(7, i);
    ASSERT_TRUE(agrees(DType::kF64, bits, parsed(decimal_text(DType::kF64, bits)))) << bits;
    const std::uint64_t low = bits & 0xffffffffU;
    ASSERT_TRUE(agrees(DType::kF32, low, parsed(decimal_text(DType::kF32, low)))) << low;
  }
}

TEST(ExactNumber, IsShortWhereItCanBe) {
  EXPECT_EQ(decimal_text(DType::kF32, 0x3dcccccd), "0.1");
  EXPECT_EQ(decimal_text(DType::kF16, problem::encode(DType::kF16, 0.1)), "0.1");
  EXPECT_EQ(decimal_text(DType::kF64, problem::encode(DType::kF64, 50.0)), "50");
  EXPECT_EQ(decimal_text(DType::kF32, 0x80000000), "-0.0");
  EXPECT_EQ(decimal_text(DType::kF32, 0x7fc00001), "\"nan\"");
  EXPECT_EQ(decimal_text(DType::kF32, 0xff800000), "\"-inf\"");
}

TEST(ExactNumber, DoesNotAgreeWithItsNeighbours) {
  EXPECT_FALSE(agrees(DType::kF64, problem::encode(DType::kF64, 0.1), 0.10000000000000002));
  EXPECT_FALSE(agrees(DType::kF32, 0x3f800000, 1.001));
  EXPECT_FALSE(agrees(DType::kF32, 0x3f800000, std::nan("")));
  EXPECT_FALSE(agrees(DType::kF32, 0x7fc00000, 1.0));
  EXPECT_FALSE(agrees(DType::kF32, 0x00000000, -0.0));
}

TEST(ExactNumber, IsReadOnlyInItsOwnType) {
  for (const char* text :
       {"f32:3f80000", "f32:3f8000000", "f32:3f80000g", "f64:3f800000", "3f800000", "f32 3f800000",
        "f32:0x3f8000", "f32:+3f80000", "f32:-3f80000", "", ":"}) {
    EXPECT_EQ(parse_bits(DType::kF32, text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_bits(DType::kF32, "f32:3F800000"), 0x3f800000U);
}

}  // namespace
}  // namespace attest::corpus
