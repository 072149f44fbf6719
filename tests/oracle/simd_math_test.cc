// The elementary functions of oracle/simd/: the same bits on every instruction set, from every
// compiler and at every optimisation level, and what they give at the edges. How wrong they are is
// in simd_accuracy_test.cc.
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/simd/tables.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simd_probes.h"

namespace attest::oracle::simd {
namespace {

using tests::Numbers;
using tests::Random;
using tests::Results;
using tests::SimdProbe;

struct DoubleDouble {
  double hi, lo;
};

double apply(SimdProbe::Function function, double x) {
  std::array<double, 8> in{}, out{};
  in.fill(x);
  function({in.data(), nullptr}, {out.data(), nullptr}, 8);
  for (const double lane : out) EXPECT_TRUE(lane == out[0] || std::isnan(lane));
  return out[0];
}

DoubleDouble apply(SimdProbe::Function function, DoubleDouble x) {
  std::array<double, 8> hi{}, lo{}, y_hi{}, y_lo{};
  hi.fill(x.hi);
  lo.fill(x.lo);
  function({hi.data(), lo.data()}, {y_hi.data(), y_lo.data()}, 8);
  return {y_hi[0], y_lo[0]};
}

/// FNV-1a of the bits.
class Hash {
 public:
  void add(const std::vector<double>& values) {
    for (const double value : values) {
      std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
      for (int byte = 0; byte < 8; ++byte, bits >>= 8)
        state_ = (state_ ^ (bits & 0xFF)) * 0x100000001b3;
    }
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

/// Arguments of one function, normalised double-doubles, sizes from 2^smallest to 2^largest.
struct Arguments {
  std::vector<double> hi, lo;

  Arguments(std::uint64_t seed, int smallest, int largest, bool positive, bool negative) {
    Random random(seed);
    for (int i = 0; i < 4096; ++i) {
      const int exponent = static_cast<int>(random.between(smallest, largest));
      double x = std::ldexp(random.uniform(1, 2), exponent);
      if (negative && (!positive || random.chance(50))) x = -x;
      const double low = x * 0x1p-53 * random.uniform(-1, 1);
      hi.push_back(x + low);
      lo.push_back(low - (hi.back() - x));
    }
  }
  Numbers numbers() const { return {hi.data(), lo.data()}; }
};

/// Bits of every function on fixed arguments.
std::uint64_t hash_of(const SimdProbe& probe) {
  const Arguments exponents(1, -60, 9, false, true);
  const Arguments small(2, -200, 5, true, true);
  const Arguments weights(3, -50, 40, true, false);
  Hash hash;
  std::vector<double> hi(exponents.hi.size()), lo(hi.size(), 0.0);
  const Results results = {hi.data(), lo.data()};
  const auto call = [&](SimdProbe::Function function, const Arguments& x) {
    function(x.numbers(), results, hi.size());
    hash.add(hi);
    hash.add(lo);
  };
  call(probe.exp, exponents);
  call(probe.log, weights);
  call(probe.tanh, small);
  call(probe.dd_exp, exponents);
  call(probe.dd_expm1, small);
  call(probe.dd_log, weights);
  call(probe.dd_tanh, small);
  for (const SimdProbe::Operation operation :
       {probe.dd_add, probe.dd_sub, probe.dd_mul, probe.dd_div, probe.dd_add_double,
        probe.dd_mul_double}) {
    operation(small.numbers(), weights.numbers(), results, hi.size());
    hash.add(hi);
    hash.add(lo);
  }
  return hash.value();
}

TEST(SimdMath, EveryInstructionSetGivesTheGoldenBits) {
  // A change of this number changes what the fast tiers answer: their version goes up with it.
  constexpr std::uint64_t kGolden = 0x91AE44D83F585E99;
  for (const SimdProbe* probe : tests::simd_probes())
    EXPECT_EQ(hash_of(*probe), kGolden) << probe->name;
}

TEST(SimdMath, ExpOfZeroIsOne) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    for (const double zero : {0.0, -0.0}) {
      EXPECT_EQ(apply(probe->exp, zero), 1) << probe->name;
      const DoubleDouble one = apply(probe->dd_exp, DoubleDouble{zero, 0});
      EXPECT_TRUE(one.hi == 1 && one.lo == 0) << probe->name;
    }
    EXPECT_EQ(apply(probe->exp, -0x1p-1074), 1) << probe->name;
  }
}

TEST(SimdMath, ExpOfAHiddenKeyIsZero) {
  const double below = std::nextafter(kExpUnderflow, -kInfinity);
  for (const SimdProbe* probe : tests::simd_probes())
    for (const double x : {below, -709.0, -745.2, -1e4, -1e300, -kInfinity}) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(apply(probe->exp, x)), 0) << probe->name << " " << x;
      const DoubleDouble zero = apply(probe->dd_exp, DoubleDouble{x, 0});
      EXPECT_TRUE(zero.hi == 0 && zero.lo == 0) << probe->name << " " << x;
    }
}

TEST(SimdMath, ExpIsNeverSubnormal) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    double x = kExpUnderflow;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_GE(apply(probe->exp, x), 0x1p-1022) << probe->name << " " << x;
      x = std::nextafter(x, 0.0);
    }
  }
}

TEST(SimdMath, ExpOfNanIsNan) {
  for (const SimdProbe* probe : tests::simd_probes())
    EXPECT_TRUE(std::isnan(apply(probe->exp, std::nan("")))) << probe->name;
}

TEST(SimdMath, LogOfOneIsZero) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    EXPECT_EQ(apply(probe->log, 1.0), 0) << probe->name;
    const DoubleDouble zero = apply(probe->dd_log, DoubleDouble{1, 0});
    EXPECT_TRUE(zero.hi == 0 && zero.lo == 0) << probe->name;
  }
}

TEST(SimdMath, LogOfOneNumberIsThatOfALane) {
  for (const SimdProbe* probe : tests::simd_probes())
    for (const double x : {0x1p-1022, 0.3, 0.9999, 1.0, 1.5, 17.0, 0x1p31, 0x1p1023})
      EXPECT_EQ(probe->log_of_one(x), apply(probe->log, x)) << probe->name << " " << x;
}

TEST(SimdMath, TanhIsOddAndSaturates) {
  for (const SimdProbe* probe : tests::simd_probes()) {
    for (const double x : {0.0, 0x1p-1074, 0x1p-1022, 1e-9, 0.02, 0.3, 1.0, 19.9, 20.1, 1e300}) {
      const double y = apply(probe->tanh, x);
      EXPECT_EQ(std::bit_cast<std::uint64_t>(apply(probe->tanh, -x)),
                std::bit_cast<std::uint64_t>(-y))
          << probe->name << " " << x;
      const DoubleDouble above = apply(probe->dd_tanh, DoubleDouble{x, 0});
      const DoubleDouble under = apply(probe->dd_tanh, DoubleDouble{-x, 0});
      EXPECT_TRUE(under.hi == -above.hi && under.lo == -above.lo) << probe->name << " " << x;
    }
    for (const double x : {20.0, 50.0, 1e300}) {
      EXPECT_EQ(apply(probe->tanh, x), 1) << probe->name << " " << x;
      EXPECT_EQ(apply(probe->dd_tanh, DoubleDouble{x, 0}).hi, 1) << probe->name << " " << x;
    }
    EXPECT_EQ(apply(probe->tanh, kInfinity), 1) << probe->name;
    EXPECT_EQ(apply(probe->tanh, 0x1p-1074), 0x1p-1074) << probe->name;
  }
}

}  // namespace
}  // namespace attest::oracle::simd
