// How wrong the elementary functions of oracle/simd/ are, against MPFR: never more than errors.h
// says, and how much of that they use is printed. Every instruction set must give the same bits.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/mp.h"
#include "oracle/simd/errors.h"
#include "oracle/simd/tables.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simd_probes.h"

namespace attest::oracle::simd {
namespace {

using tests::Numbers;
using tests::Random;
using tests::Results;
using tests::SimdProbe;

/// Numbers to try: doubles, or normalised double-doubles.
class Arguments {
 public:
  explicit Arguments(std::uint64_t seed) : random_(seed) {}

  Random& random() { return random_; }
  std::size_t size() const { return hi_.size(); }
  Numbers numbers() const { return {hi_.data(), lo_.data()}; }
  double hi(std::size_t i) const { return hi_[i]; }
  Mp value(std::size_t i, bool with_low) const {
    return with_low ? Mp(hi_[i]) + Mp(lo_[i]) : Mp(hi_[i]);
  }

  /// x and any low part it may have.
  void add(double x) { add(x, std::fabs(x) * 0x1p-53 * random_.uniform(-1, 1)); }
  void add(double x, double low) {
    hi_.push_back(x + low);
    lo_.push_back(low - (hi_.back() - x));
  }
  /// x to nearest, with both neighbours.
  void add_around(const Mp& x) {
    const double nearest = x.convert_to<double>();
    add(nearest, (x - Mp(nearest)).convert_to<double>());
    add(std::nextafter(nearest, -1e300));
    add(std::nextafter(nearest, 1e300));
  }
  /// `count` numbers of sizes between 2^smallest and 2^largest, `sign` 1 or -1, or 0 for both.
  void add_sizes(int count, int smallest, int largest, int sign) {
    for (int i = 0; i < count; ++i) {
      const int exponent = static_cast<int>(random_.between(smallest, largest));
      const double x = std::ldexp(random_.uniform(1, 2), exponent);
      const bool negative = sign < 0 || (sign == 0 && random_.chance(50));
      add(negative ? -x : x);
    }
  }
  void add_uniform(int count, double low, double high) {
    for (int i = 0; i < count; ++i) add(random_.uniform(low, high));
  }
  /// Fills up the last vector.
  void finish() {
    while (size() % 8 != 0) add(hi_.back());
  }

 private:
  Random random_;
  std::vector<double> hi_, lo_;
};

struct Stated {
  const char* name;
  double error;         ///< relative
  double absolute = 0;  ///< and added to that
  bool double_double = true;
};

/// Bits are the same everywhere, and |y - exact| <= error * |exact| + absolute.
template <typename Call, typename Exact>
void expect_accurate(const Stated& stated, const Arguments& x, Call call, Exact exact) {
  const std::size_t count = x.size();
  std::vector<double> hi(count), lo(count, 0.0);
  bool first = true;
  for (const SimdProbe* probe : tests::simd_probes()) {
    std::vector<double> y_hi(count), y_lo(count, 0.0);
    call(*probe, Results{y_hi.data(), y_lo.data()});
    if (first) {
      hi = y_hi;
      lo = y_lo;
    }
    first = false;
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_TRUE(std::bit_cast<std::uint64_t>(y_hi[i]) == std::bit_cast<std::uint64_t>(hi[i]) &&
                  std::bit_cast<std::uint64_t>(y_lo[i]) == std::bit_cast<std::uint64_t>(lo[i]))
          << stated.name << " of " << x.hi(i) << " on " << probe->name;
  }

  double worst = 0;
  double worst_at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Mp truth = exact(i);
    const Mp y = stated.double_double ? Mp(hi[i]) + Mp(lo[i]) : Mp(hi[i]);
    const Mp excess = abs(y - truth) - Mp(stated.absolute);
    if (truth == 0) {
      ASSERT_LE(excess, 0) << stated.name << " of " << x.hi(i);
      continue;
    }
    const double error = (excess / abs(truth)).convert_to<double>();
    ASSERT_FALSE(std::isnan(error)) << stated.name << " of " << x.hi(i);
    if (error > worst) {
      worst = error;
      worst_at = x.hi(i);
    }
  }
  std::printf("%-14s stated 2^%.2f, measured 2^%.2f at %a (%zu arguments)\n", stated.name,
              std::log2(stated.error), std::log2(worst), worst_at, count);
  EXPECT_LE(worst, stated.error) << stated.name << " of " << worst_at;
}

template <typename Exact>
void expect_accurate(const Stated& stated, const Arguments& x, SimdProbe::Function SimdProbe::*f,
                     Exact exact) {
  expect_accurate(
      stated, x, [&](const SimdProbe& probe, Results y) { (probe.*f)(x.numbers(), y, x.size()); },
      [&](std::size_t i) { return exact(x.value(i, stated.double_double)); });
}

Mp exact_exp(const Mp& x) { return exp(x); }
Mp exact_expm1(const Mp& x) { return expm1(x); }
Mp exact_log(const Mp& x) { return log(x); }
Mp exact_tanh(const Mp& x) { return tanh(x); }

/// Ties of the reduction by ln 2 / parts, and multiples, and their neighbours.
void add_ties(Arguments& x, int first, int last, int step, int parts) {
  const Mp part = log(Mp(2)) / parts;
  for (int k = first; k <= last; k += step) {
    x.add_around((k - Mp(0.5)) * part);
    x.add_around(k * part);
  }
}

TEST(SimdAccuracy, Exp) {
  Arguments x(1);
  add_ties(x, -16351, 0, 1, 16);
  x.add_sizes(100'000, -60, 8, -1);
  for (const double scale : {0.03, 1.0, 20.0, 100.0, 708.39}) x.add_uniform(160'000, -scale, 0);
  x.add_uniform(50'000, 0, 709);
  for (double edge = kExpUnderflow; x.size() % 4096 != 0; edge = std::nextafter(edge, 0.0))
    x.add(edge, 0);
  x.finish();
  expect_accurate({"exp", kExpError, 0, false}, x, &SimdProbe::exp, exact_exp);
}

TEST(SimdAccuracy, ExpFarBelowIsZeroWithinTheSmallestNormalNumber) {
  // |0 - e^x| < 2^-1022 for every double x that gives 0: it is so for the largest.
  const double largest = std::nextafter(kExpUnderflow, -1000.0);
  EXPECT_LT(exp(Mp(largest)), exp2(Mp(-1022)));
}

TEST(SimdAccuracy, Log) {
  Arguments x(2);
  x.add_sizes(100'000, -1022, 1022, 1);
  x.add_uniform(100'000, 0.7, 1.5);
  for (int i = 0; i < 100'000; ++i) {
    const double step = std::ldexp(x.random().uniform(-1, 1), -static_cast<int>(i % 53));
    x.add(1 + (step < -0.5 ? -0.5 : step), 0);
  }
  x.add_around(sqrt(Mp(2)));
  x.add_around(sqrt(Mp(0.5)));
  x.finish();
  expect_accurate({"log", kLogError, 0, false}, x, &SimdProbe::log, exact_log);
}

TEST(SimdAccuracy, Tanh) {
  Arguments x(3);
  x.add_sizes(100'000, -1000, 5, 0);
  x.add_sizes(100'000, -12, 5, 0);
  x.add_uniform(100'000, -1, 1);
  add_ties(x, -1000, 0, 1, 32);  // of 2 |x|
  x.finish();
  expect_accurate({"tanh", kTanhError, 0, false}, x, &SimdProbe::tanh, exact_tanh);
}

TEST(SimdAccuracy, DoubleDoubleExp) {
  Arguments x(4);
  add_ties(x, -261631, 0, 37, 256);
  add_ties(x, -2000, 0, 1, 256);
  x.add_sizes(50'000, -110, 8, -1);
  for (const double scale : {0.003, 1.0, 20.0, 708.39}) x.add_uniform(50'000, -scale, 0);
  x.finish();
  expect_accurate({"dd exp", kDDExpError, 0x1p-1074}, x, &SimdProbe::dd_exp, exact_exp);
}

TEST(SimdAccuracy, DoubleDoubleExpm1) {
  Arguments x(5);
  add_ties(x, -1000, 1000, 1, 256);
  x.add_sizes(50'000, -110, 5, 0);
  x.add_sizes(50'000, -12, -6, 0);
  x.add_uniform(50'000, -100, 100);
  x.finish();
  expect_accurate({"dd expm1", kDDExpm1Error}, x, &SimdProbe::dd_expm1, exact_expm1);
}

TEST(SimdAccuracy, DoubleDoubleLog) {
  Arguments x(6);
  x.add_sizes(50'000, -900, 999, 1);
  x.add_sizes(50'000, -5, 32, 1);
  x.add_uniform(50'000, 0.7, 1.5);
  for (int i = 0; i < 50'000; ++i) {
    const double step = std::ldexp(x.random().uniform(-1, 1), -static_cast<int>(i % 53));
    x.add(1 + (step < -0.5 ? -0.5 : step));
    x.add(1, std::ldexp(step, -54));
  }
  x.finish();
  expect_accurate({"dd log", kDDLogError}, x, &SimdProbe::dd_log, exact_log);
}

TEST(SimdAccuracy, DoubleDoubleTanh) {
  Arguments x(7);
  x.add_sizes(50'000, -800, 6, 0);
  x.add_sizes(50'000, -14, 5, 0);
  add_ties(x, -2000, 0, 1, 512);
  x.finish();
  expect_accurate({"dd tanh", kDDTanhError}, x, &SimdProbe::dd_tanh, exact_tanh);
}

/// Pairs whose sum often cancels.
struct Pairs {
  Arguments a{8}, b{9};

  Pairs() {
    for (int i = 0; i < 100'000; ++i) {
      a.add_sizes(1, -30, 30, 0);
      const double x = a.hi(a.size() - 1);
      if (i % 3 == 0) {
        b.add(-x * (1 + std::ldexp(b.random().uniform(-1, 1), -i % 60)));
      } else {
        b.add_sizes(1, -60, 60, 0);
      }
    }
    a.finish();
    b.finish();
  }
};

template <typename Exact>
void expect_accurate(const Stated& stated, const Pairs& pairs, SimdProbe::Operation SimdProbe::*f,
                     bool b_is_double, Exact exact) {
  expect_accurate(
      stated, pairs.a,
      [&](const SimdProbe& probe, Results y) {
        (probe.*f)(pairs.a.numbers(), pairs.b.numbers(), y, pairs.a.size());
      },
      [&](std::size_t i) { return exact(pairs.a.value(i, true), pairs.b.value(i, !b_is_double)); });
}

TEST(SimdAccuracy, DoubleDoubleArithmetic) {
  const Pairs pairs;
  const auto sum = [](const Mp& a, const Mp& b) { return Mp(a + b); };
  const auto difference = [](const Mp& a, const Mp& b) { return Mp(a - b); };
  const auto product = [](const Mp& a, const Mp& b) { return Mp(a * b); };
  const auto quotient = [](const Mp& a, const Mp& b) { return Mp(a / b); };
  expect_accurate({"dd add", kDDAddError}, pairs, &SimdProbe::dd_add, false, sum);
  expect_accurate({"dd sub", kDDAddError}, pairs, &SimdProbe::dd_sub, false, difference);
  expect_accurate({"dd mul", kDDMulError}, pairs, &SimdProbe::dd_mul, false, product);
  expect_accurate({"dd div", kDDDivError}, pairs, &SimdProbe::dd_div, false, quotient);
  expect_accurate({"dd add double", kDDAddDoubleError}, pairs, &SimdProbe::dd_add_double, true,
                  sum);
  expect_accurate({"dd mul double", kDDMulDoubleError}, pairs, &SimdProbe::dd_mul_double, true,
                  product);
}

}  // namespace
}  // namespace attest::oracle::simd
