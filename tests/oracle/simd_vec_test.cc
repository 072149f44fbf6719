// Every operation of oracle/simd/vec.h is one IEEE operation per lane, on every instruction set
// that this machine has.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/simd/tables.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simd_probes.h"

namespace attest::oracle::simd {
namespace {

using tests::Random;
using tests::SimdProbe;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Bits, all NaN being one.
std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(std::isnan(x) ? kNan : x); }

template <typename Real>
Real smaller(Real a, Real b) {
  return a < b ? a : b;
}
template <typename Real>
Real larger(Real a, Real b) {
  return a > b ? a : b;
}

template <typename Real>
struct Operation {
  const char* name;
  Real (*expected)(Real a, Real b, Real c);
};

/// In the order of double_operations.
const Operation<double> kDoubleOperations[] = {
    {"+", [](double a, double b, double) { return a + b; }},
    {"+=", [](double a, double b, double) { return a + b; }},
    {"-", [](double a, double b, double) { return a - b; }},
    {"*", [](double a, double b, double) { return a * b; }},
    {"/", [](double a, double b, double) { return a / b; }},
    {"fma", [](double a, double b, double c) { return std::fma(a, b, c); }},
    {"fms", [](double a, double b, double c) { return std::fma(a, b, -c); }},
    {"fnma", [](double a, double b, double c) { return std::fma(-a, b, c); }},
    {"smaller", [](double a, double b, double) { return smaller(a, b); }},
    {"larger", [](double a, double b, double) { return larger(a, b); }},
    {"magnitude", [](double a, double, double) { return std::fabs(a); }},
    {"with_sign_of", [](double a, double b, double) { return std::copysign(a, b); }},
    {"sqrt", [](double a, double, double) { return std::sqrt(a); }},
    {"select", [](double a, double b, double c) { return a < b ? c : a; }},
};

/// In the order of float_operations.
const Operation<float> kFloatOperations[] = {
    {"rounded", [](float a, float, float) { return a; }},
    {"+", [](float a, float b, float) { return a + b; }},
    {"+=", [](float a, float b, float) { return a + b; }},
    {"-", [](float a, float b, float) { return a - b; }},
    {"*", [](float a, float b, float) { return a * b; }},
    {"fma", [](float a, float b, float c) { return std::fma(a, b, c); }},
    {"smaller", [](float a, float b, float) { return smaller(a, b); }},
    {"larger", [](float a, float b, float) { return larger(a, b); }},
    {"magnitude", [](float a, float, float) { return std::fabs(a); }},
};

/// Numbers of all sizes, often special ones.
double any_number(Random& random) {
  if (random.chance(25))
    return random.one_of({0.0, -0.0, 1.0, -1.0, kInfinity, -kInfinity, kNan, 0x1p-1074, -0x1p-1022,
                          0x1.fffffffffffffp1023, 0x1p-149, 0x1.fffffep127, 0x1.ffffffp127});
  const int range = random.chance(50) ? 3 : random.chance(50) ? 120 : 1000;
  return std::ldexp(random.uniform(-2, 2), static_cast<int>(random.between(-range, range)));
}

struct Lanes {
  double x[8];
};

Lanes any_lanes(Random& random) {
  Lanes lanes{};
  for (double& x : lanes.x) x = any_number(random);
  return lanes;
}

constexpr int kRounds = 2000;

TEST(SimdVec, DoubleOperationsRoundOncePerLane) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    Random random(1);
    for (int round = 0; round < kRounds; ++round) {
      const Lanes a = any_lanes(random);
      const Lanes b = any_lanes(random);
      const Lanes c = any_lanes(random);
      double y[8 * std::size(kDoubleOperations)];
      probe->double_operations(a.x, b.x, c.x, y);
      const double* result = y;
      for (const Operation<double>& operation : kDoubleOperations)
        for (int i = 0; i < 8; ++i, ++result)
          ASSERT_EQ(bits(*result), bits(operation.expected(a.x[i], b.x[i], c.x[i])))
              << probe->name << " " << operation.name << " of " << a.x[i] << ", " << b.x[i] << ", "
              << c.x[i];
    }
  }
}

TEST(SimdVec, FloatOperationsRoundOncePerLane) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    Random random(2);
    for (int round = 0; round < kRounds; ++round) {
      const Lanes a = any_lanes(random);
      const Lanes b = any_lanes(random);
      const Lanes c = any_lanes(random);
      double y[16 * std::size(kFloatOperations)];
      probe->float_operations(a.x, b.x, c.x, y);
      const double* result = y;
      for (const Operation<float>& operation : kFloatOperations)
        for (int i = 0; i < 16; ++i, ++result) {
          const double expected =
              operation.expected(static_cast<float>(a.x[i % 8]), static_cast<float>(b.x[i % 8]),
                                 static_cast<float>(c.x[i % 8]));
          ASSERT_EQ(bits(*result), bits(expected))
              << probe->name << " " << operation.name << " of " << a.x[i % 8] << ", " << b.x[i % 8]
              << ", " << c.x[i % 8];
        }
    }
  }
}

TEST(SimdVec, OperationsOnBitsCountInSixteenthsAnd256ths) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    Random random(3);
    for (int round = 0; round < kRounds; ++round) {
      double k[8], x[8];
      for (int i = 0; i < 8; ++i) {
        k[i] = static_cast<double>(random.between(-1000, 1000));
        x[i] = std::ldexp(random.uniform(1, 2), static_cast<int>(random.between(-1022, 1023)));
      }
      double y[8][8];
      probe->bit_operations(k, x, y[0]);
      for (int i = 0; i < 8; ++i) {
        const int n = static_cast<int>(k[i]);
        ASSERT_EQ(y[0][i], std::ldexp(1.0, n)) << probe->name;
        ASSERT_EQ(y[1][i], std::ldexp(1.0, n)) << probe->name;
        ASSERT_EQ(y[2][i], std::ldexp(1.0, n)) << probe->name;
        ASSERT_EQ(y[3][i], kPower16[n & 15]) << probe->name;
        ASSERT_EQ(y[4][i], kPower16[(n >> 4) & 15]) << probe->name;
        ASSERT_EQ(y[5][i], std::ldexp(kPower16[n & 15], n >> 4)) << probe->name;
        ASSERT_EQ(std::ldexp(y[6][i], static_cast<int>(y[7][i])), x[i]) << probe->name;
        ASSERT_TRUE(0.7071 <= y[6][i] && y[6][i] < 1.4143) << probe->name << " " << x[i];
      }
    }
  }
}

TEST(SimdVec, LanesAreSummedInPairsOfPairs) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    Random random(4);
    for (int round = 0; round < kRounds; ++round) {
      double x[8];
      for (double& lane : x) lane = random.normal();
      ASSERT_EQ(probe->sum_lanes(x),
                ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])))
          << probe->name;
      ASSERT_EQ(probe->largest_lane(x), *std::max_element(x, x + 8)) << probe->name;
      ASSERT_EQ(probe->smallest_lane(x), *std::min_element(x, x + 8)) << probe->name;
    }
  }
}

}  // namespace
}  // namespace attest::oracle::simd
