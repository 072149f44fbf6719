// Every constant of oracle/simd/tables.h made again, as its comment says, from 50 digits.
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/mp.h"
#include "oracle/simd/tables.h"

namespace attest::oracle::simd {
namespace {

double nearest(const Mp& x) { return x.convert_to<double>(); }

Mp ln2() { return log(Mp(2)); }

/// The leading `bits` bits of x > 0.
double leading(const Mp& x, int bits) {
  int exponent = 0;
  const Mp fraction = frexp(x, &exponent);
  return nearest(ldexp(floor(ldexp(fraction, bits)), exponent - bits));
}

/// Coefficients of the polynomial through f at the `count` Chebyshev nodes of [a, b], each rounded.
std::vector<double> interpolate(const std::function<Mp(Mp)>& f, const Mp& a, const Mp& b,
                                int count) {
  const Mp pi = acos(Mp(-1));
  std::vector<Mp> node, difference;
  for (int i = 0; i < count; ++i) {
    node.push_back((a + b) / 2 + (b - a) / 2 * cos((2 * i + 1) * pi / (2 * count)));
    difference.push_back(f(node.back()));
  }
  for (int k = 1; k < count; ++k)
    for (int i = count - 1; i >= k; --i)
      difference[i] = (difference[i] - difference[i - 1]) / (node[i] - node[i - k]);
  // Newton's form, from the innermost bracket outwards.
  std::vector<Mp> polynomial(static_cast<std::size_t>(count), Mp(0));
  for (int i = count - 1; i >= 0; --i) {
    for (int power = count - 1; power >= 0; --power)
      polynomial[power] = (power > 0 ? polynomial[power - 1] : Mp(0)) - node[i] * polynomial[power];
    polynomial[0] += difference[i];
  }
  std::vector<double> rounded;
  rounded.reserve(polynomial.size());
  for (const Mp& c : polynomial) rounded.push_back(nearest(c));
  return rounded;
}

/// (e^r - sum of r^i / i!, i < from) / r^from.
Mp exp_tail(const Mp& r, int from) {
  Mp term = 1;
  for (int i = 2; i <= from; ++i) term /= i;
  Mp sum = 0;
  for (int i = from; i < from + 40; ++i) {
    sum += term;
    term *= r / (i + 1);
  }
  return sum;
}

/// (2 artanh(s) / s - 2) / s^2 of s^2.
Mp artanh_tail(const Mp& square) {
  Mp power = 1;
  Mp sum = 0;
  for (int i = 0; i < 60; ++i) {
    sum += 2 * power / (2 * i + 3);
    power *= square;
  }
  return sum;
}

template <std::size_t count>
std::vector<double> values(const double (&c)[count]) {
  return {c, c + count};
}

TEST(SimdTables, PowersOfTwoAreRoundedToNearest) {
  for (int i = 0; i < 16; ++i) {
    const Mp coarse = exp2(Mp(i) / 16);
    EXPECT_EQ(kPower16[i], nearest(coarse)) << i;
    EXPECT_EQ(kPower16Low[i], nearest(coarse - Mp(kPower16[i]))) << i;
    EXPECT_EQ(kPower16Lack[i], nearest((coarse - Mp(kPower16[i])) / Mp(kPower16[i]))) << i;
    const Mp fine = exp2(Mp(i) / 256);
    EXPECT_EQ(kPower256[i], nearest(fine)) << i;
    EXPECT_EQ(kPower256Low[i], nearest(fine - Mp(kPower256[i]))) << i;
  }
}

TEST(SimdTables, ScaledPowersLackTheirIndexInTheExponent) {
  for (std::uint64_t i = 0; i < 16; ++i)
    EXPECT_EQ(std::bit_cast<std::uint64_t>(kScaledPower16[i]),
              std::bit_cast<std::uint64_t>(kPower16[i]) - (i << 48));
}

TEST(SimdTables, LogarithmsOfTwoAddUp) {
  EXPECT_EQ(kInverseLn2Over16, nearest(16 / ln2()));
  EXPECT_EQ(kInverseLn2Over256, nearest(256 / ln2()));

  EXPECT_EQ(kLn2Over16, leading(ln2() / 16, 38));
  EXPECT_EQ(kLn2Over16Low, nearest(ln2() / 16 - Mp(kLn2Over16)));

  Mp rest = ln2() / 256;
  EXPECT_EQ(kLn2Over256[0], leading(rest, 34));
  rest -= Mp(kLn2Over256[0]);
  EXPECT_EQ(kLn2Over256[1], leading(rest, 34));
  rest -= Mp(kLn2Over256[1]);
  EXPECT_EQ(kLn2Over256[2], nearest(rest));

  rest = ln2();
  EXPECT_EQ(kLn2[0], leading(rest, 42));
  rest -= Mp(kLn2[0]);
  EXPECT_EQ(kLn2[1], nearest(rest));
  rest -= Mp(kLn2[1]);
  EXPECT_EQ(kLn2[2], nearest(rest));
}

TEST(SimdTables, UnderflowStartsAtTheFirstDoubleFromTheSmallestNormalNumberOn) {
  const Mp edge = -1022 * ln2();
  EXPECT_GE(Mp(kExpUnderflow), edge);
  EXPECT_LT(Mp(std::nextafter(kExpUnderflow, -1000.0)), edge);
}

TEST(SimdTables, PolynomialsInterpolateAtChebyshevNodes) {
  const Mp h = ln2() / 32;
  EXPECT_EQ(values(kExpPolynomial),
            interpolate([](const Mp& r) { return exp_tail(r, 2); }, -h, h, 5));
  EXPECT_EQ(values(kExpm1Polynomial),
            interpolate([](const Mp& r) { return exp_tail(r, 2); }, -h, h, 6));
  EXPECT_EQ(values(kExpTailPolynomial),
            interpolate([](const Mp& r) { return exp_tail(r, 5); }, -h / 16, h / 16, 4));
  const Mp root = 3 - 2 * sqrt(Mp(2));
  EXPECT_EQ(values(kLogPolynomial), interpolate(artanh_tail, Mp(0), root * root, 7));
}

TEST(SimdTables, FractionsAreWholeInTwoParts) {
  EXPECT_EQ(kSixth[0], nearest(Mp(1) / 6));
  EXPECT_EQ(kSixth[1], nearest(Mp(1) / 6 - Mp(kSixth[0])));
  EXPECT_EQ(kTwentyFourth[0], nearest(Mp(1) / 24));
  EXPECT_EQ(kTwentyFourth[1], nearest(Mp(1) / 24 - Mp(kTwentyFourth[0])));
}

TEST(SimdTables, ThePolynomialOfExpIsAsGoodAsItSays) {
  const Mp h = ln2() / 32;
  for (int i = -500; i <= 500; ++i) {
    const Mp r = h * i / 500;
    Mp p = 0;
    for (int power = 4; power >= 0; --power) p = p * r + Mp(kExpPolynomial[power]);
    EXPECT_LE(abs(r * r * (p - exp_tail(r, 2))), exp2(Mp(-54.9))) << i;
  }
}

}  // namespace
}  // namespace attest::oracle::simd
