#include "oracle/compare.h"

#include <cmath>
#include <limits>
#include <vector>
#include <xmmintrin.h>

#include <gtest/gtest.h>

#include "oracle/bounds.h"
#include "problem/errors.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/ulp.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;
using tests::elements_of;

Reference finite(double value, double bound, double ball = 0) {
  return {.value = value, .ball = ball, .bound = bound};
}

Deviation compare_one(DType type, double got, const Reference& reference, double scale = 1) {
  return compare(elements_of(type, {got}), std::vector{reference}, scale);
}

Elements unwritten(DType type) {
  Elements elements(type, 1);
  elements.set_bits(0, problem::unwritten_bits(type));
  return elements;
}

TEST(Compare, InsideTheBoundPasses) {
  const Deviation d = compare_one(DType::kF32, 1 + 3 * kUlp, finite(1, 4 * kUlp));
  EXPECT_FALSE(d.bad());
  EXPECT_GT(d.severity, 0.5);
  EXPECT_LE(d.severity, 1);
}

TEST(Compare, OutsideTheBoundFails) {
  const Deviation d = compare_one(DType::kF32, 1 + 6 * kUlp, finite(1, 4 * kUlp));
  EXPECT_EQ(d.failure_class, "value");
  EXPECT_GT(d.severity, 1);
  EXPECT_EQ(d.expected, 1);
  EXPECT_EQ(d.got, 1 + 6 * kUlp);
  EXPECT_GT(d.bound, 4 * kUlp);
}

TEST(Compare, RoundingOfTheOutputNeedsNoSlack) {
  // 1 + 0.6 ulp can only be written as 1 or 1 + ulp; a bound of 0.2 ulp reaches neither, yet only 1
  // + ulp is right.
  EXPECT_FALSE(compare_one(DType::kF32, 1 + kUlp, finite(1 + 0.6 * kUlp, 0.05 * kUlp)).bad());
  EXPECT_TRUE(compare_one(DType::kF32, 1, finite(1 + 0.6 * kUlp, 0.05 * kUlp)).bad());
}

TEST(Compare, NaNFailsAFiniteReference) {
  const Deviation d = compare_one(DType::kF32, kNaN, finite(1, 1e30));
  EXPECT_EQ(d.failure_class, "nan");
  EXPECT_EQ(d.severity, problem::kStructural);
}

TEST(Compare, ANaNBehindAWrongNumberLeavesItsSeverityANumber) {
  const std::vector references{finite(1, 4 * kUlp), finite(1, 4 * kUlp)};
  const Deviation d = compare(elements_of(DType::kF32, {2, kNaN}), references);
  EXPECT_EQ(d.failure_class, "value");
  EXPECT_GT(d.severity, 1e5);
  EXPECT_LT(d.severity, kInfinity);
  EXPECT_EQ(compare(elements_of(DType::kF32, {kNaN, 2}), references).severity,
            problem::kStructural);
}

TEST(Compare, InfinityFailsAFiniteReference) {
  EXPECT_EQ(compare_one(DType::kF32, kInfinity, finite(1, 1e30)).failure_class, "inf");
  EXPECT_EQ(compare_one(DType::kF32, -kInfinity, finite(1, 1e30)).failure_class, "inf");
}

TEST(Compare, OverflowOfTheOutputTypeIsRounding) {
  EXPECT_FALSE(compare_one(DType::kF16, kInfinity, finite(65536, 1)).bad());
  EXPECT_EQ(compare_one(DType::kF16, kInfinity, finite(65000, 1)).failure_class, "inf");
  EXPECT_EQ(compare_one(DType::kF16, -kInfinity, finite(65536, 1)).failure_class, "inf");
}

TEST(Compare, ATypeWithoutInfinitySaturates) {
  EXPECT_FALSE(compare_one(DType::kE4M3, 448, finite(1000, 1)).bad());
  EXPECT_TRUE(compare_one(DType::kE4M3, 416, finite(1000, 1)).bad());
}

TEST(Compare, AnInfiniteBoundDecidesNothing) {
  for (const double got : {0.0, 1e30, kInfinity, kNaN}) {
    const Deviation d = compare_one(DType::kF32, got, finite(1, kInfinity));
    EXPECT_FALSE(d.bad());
    EXPECT_EQ(d.vacuous, 1);
    EXPECT_EQ(d.severity, 0);
  }
}

TEST(Compare, TheUnwrittenMarkerFailsWhateverTheBound) {
  for (const DType type : problem::all_dtypes()) {
    EXPECT_EQ(compare(unwritten(type), std::vector{finite(1, kInfinity)}).failure_class,
              "unwritten");
  }
  EXPECT_EQ(
      compare(unwritten(DType::kF32), std::vector<Reference>{{.kind = Kind::kNaN}}).failure_class,
      "unwritten");
}

TEST(Compare, AnEightBitMarkerMayBeANaNThatWasWritten) {
  EXPECT_FALSE(
      compare(unwritten(DType::kE4M3), std::vector<Reference>{{.kind = Kind::kNaN}}).bad());
}

TEST(Compare, ZeroesOfBothSignsAreEqual) {
  for (const double got : {0.0, -0.0}) {
    const Deviation d = compare_one(DType::kF32, got, finite(0, 0));
    EXPECT_FALSE(d.bad());
    EXPECT_FALSE(d.escalate);
    EXPECT_EQ(d.severity, 0);
  }
}

TEST(Compare, AZeroBoundAllowsNothingElse) {
  const Deviation d = compare_one(DType::kF32, 1e-45, finite(0, 0));
  EXPECT_EQ(d.failure_class, "value");
  EXPECT_EQ(d.severity, kInfinity);
}

TEST(Compare, NonFiniteReferencesAreKinds) {
  const auto fails = [](double got, Kind kind) {
    return compare_one(DType::kF32, got, {.kind = kind}).failure_class;
  };
  EXPECT_EQ(fails(kNaN, Kind::kNaN), "");
  EXPECT_EQ(fails(1, Kind::kNaN), "structure");
  EXPECT_EQ(fails(-kInfinity, Kind::kMinusInf), "");
  EXPECT_EQ(fails(kNaN, Kind::kMinusInf), "nan");
  EXPECT_EQ(fails(kInfinity, Kind::kMinusInf), "structure");
  EXPECT_EQ(fails(-1e30, Kind::kMinusInf), "structure");
  EXPECT_EQ(fails(kInfinity, Kind::kPlusInf), "");
  EXPECT_EQ(fails(kNaN, Kind::kNonFinite), "");
  EXPECT_EQ(fails(-kInfinity, Kind::kNonFinite), "");
  EXPECT_EQ(fails(0, Kind::kNonFinite), "structure");
}

TEST(Compare, OneBadElementAmongFiveMillionIsFound) {
  constexpr std::size_t kCount = 5'000'000;
  constexpr std::size_t kBad = 3'141'592;
  Elements got(DType::kF32, kCount);
  for (std::size_t i = 0; i < kCount; ++i) got.set(i, 1);
  const std::vector<Reference> expected(kCount, finite(1, 4 * kUlp));
  EXPECT_FALSE(compare(got, expected).bad());
  got.set(kBad, 1 + 16 * kUlp);
  Deviation d = compare(got, expected);
  EXPECT_EQ(d.failure_class, "value");
  EXPECT_EQ(d.first, kBad);
  EXPECT_EQ(d.worst, kBad);
  got.set(kBad, kNaN);
  d = compare(got, expected);
  EXPECT_EQ(d.failure_class, "nan");
  EXPECT_EQ(d.first, kBad);
}

TEST(Compare, FirstIsTheLowestAndWorstTheGreatest) {
  const Elements got = elements_of(DType::kF32, {1, 1 + 10 * kUlp, 1, 1 + 90 * kUlp});
  const Deviation d = compare(got, std::vector<Reference>(4, finite(1, 2 * kUlp)));
  EXPECT_EQ(d.first, 1U);
  EXPECT_EQ(d.worst, 3U);
  EXPECT_EQ(d.got, 1 + 10 * kUlp);
  EXPECT_GT(d.severity, 30);
}

TEST(Compare, TooCloseForTheBallEscalates) {
  const Reference vague = finite(1, 4 * kUlp, 2 * kUlp);
  Deviation d = compare_one(DType::kF32, 1 + 5 * kUlp, vague);
  EXPECT_FALSE(d.bad());
  EXPECT_TRUE(d.escalate);
  EXPECT_EQ(d.escalate_at, 0U);
  EXPECT_FALSE(compare_one(DType::kF32, 1 + kUlp, vague).escalate);
  d = compare_one(DType::kF32, 1 + 8 * kUlp, vague);
  EXPECT_TRUE(d.bad());
  EXPECT_FALSE(d.escalate);
}

TEST(Compare, SeverityExceedsOneExactlyWhenItFails) {
  tests::Random random(7);
  int failures = 0;
  for (int i = 0; i < 20000; ++i) {
    const double value = random.normal() * std::ldexp(1.0, static_cast<int>(random.between(-3, 3)));
    const double bound = std::abs(value) * kUlp * random.uniform(0, 4);
    const double got = static_cast<float>(value + bound * random.uniform(-3, 3));
    for (const DType type : {DType::kF32, DType::kF16, DType::kBF16}) {
      const double stored = problem::round_to(type, got);
      const Deviation d = compare_one(type, stored, finite(value, bound));
      ASSERT_EQ(d.bad(), d.severity > 1) << value << " " << bound << " " << stored;
      failures += d.bad() ? 1 : 0;
    }
  }
  EXPECT_GT(failures, 1000);
}

TEST(Compare, AScaleConvertsUnits) {
  const double ln2 = 0.693147180559945309417;
  EXPECT_FALSE(compare_one(DType::kF32, 3, finite(3 * ln2, 2 * kUlp), ln2).bad());
  EXPECT_TRUE(compare_one(DType::kF32, 3 + 16 * kUlp, finite(3 * ln2, 2 * kUlp), ln2).bad());
  EXPECT_FALSE(compare_one(DType::kE4M3, 96, finite(48.5, 0.1), 0.5).bad());
  EXPECT_TRUE(compare_one(DType::kE4M3, 104, finite(48.5, 0.1), 0.5).bad());
}

TEST(Compare, SizesMustMatch) {
  EXPECT_THROW(compare(elements_of(DType::kF32, {1}), std::vector<Reference>(2)), ContractError);
}

TEST(Compare, WorksWhereFlushToZeroIsOn) {
  const unsigned saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040);
  const double tiny = std::numeric_limits<double>::denorm_min();
  const Deviation d = compare_one(DType::kF64, 3 * tiny, finite(tiny, 0));
  const unsigned after = _mm_getcsr();
  _mm_setcsr(saved);
  EXPECT_EQ(d.failure_class, "value");
  EXPECT_EQ(after & 0x8040, 0x8040U);
}

TEST(ComparePair, AddsBothBounds) {
  const std::vector<Reference> bounds{finite(1, 4 * kUlp)};
  const auto pair = [&](double a, double b) {
    return compare_pair(elements_of(DType::kF32, {a}), bounds, elements_of(DType::kF32, {b}),
                        bounds);
  };
  EXPECT_FALSE(pair(1 + 4 * kUlp, 1 - 4 * kUlp).bad());
  EXPECT_EQ(pair(1 + 6 * kUlp, 1 - 6 * kUlp).failure_class, "value");
  EXPECT_EQ(pair(1, kNaN).failure_class, "nan");
  EXPECT_EQ(pair(1, kInfinity).failure_class, "inf");
}

TEST(ComparePair, PairsThroughAMap) {
  const Elements a = elements_of(DType::kF32, {1, 2});
  const Elements b = elements_of(DType::kF32, {9, 2, 1});
  const std::vector<Reference> bounds_a{finite(1, kUlp), finite(2, kUlp)};
  const std::vector<Reference> bounds_b{finite(9, kUlp), finite(2, kUlp), finite(1, kUlp)};
  EXPECT_FALSE(
      compare_pair(a, bounds_a, b, bounds_b, 1, [](std::size_t i) { return 2 - i; }).bad());
  EXPECT_TRUE(compare_pair(a, bounds_a, b, bounds_b, 1, [](std::size_t i) { return i; }).bad());
  EXPECT_THROW(compare_pair(a, bounds_a, b, bounds_b), ContractError);
}

TEST(ComparePair, TheUnwrittenMarkerFails) {
  const std::vector<Reference> bounds{finite(1, kInfinity)};
  EXPECT_EQ(compare_pair(unwritten(DType::kF32), bounds, elements_of(DType::kF32, {1}), bounds)
                .failure_class,
            "unwritten");
}

TEST(CompareBits, EqualBitsPass) {
  const Elements a = elements_of(DType::kF32, {0, -0.0, 1, kInfinity});
  EXPECT_FALSE(compare_bits(a, a).bad());
}

TEST(CompareBits, OneBitFails) {
  Elements b = elements_of(DType::kF32, {1, 2, 3});
  const Elements a = b;
  b.set_bits(1, b.bits(1) ^ 1);
  const Deviation d = compare_bits(a, b);
  EXPECT_EQ(d.failure_class, "bits");
  EXPECT_EQ(d.first, 1U);
  EXPECT_EQ(d.severity, kInfinity);
}

TEST(CompareBits, SignsOfZeroDiffer) {
  EXPECT_TRUE(
      compare_bits(elements_of(DType::kF32, {0.0}), elements_of(DType::kF32, {-0.0})).bad());
}

TEST(CompareBits, NaNsAreEqualButTheMarkerIsNot) {
  Elements a(DType::kF32, 1), b(DType::kF32, 1);
  a.set_bits(0, 0x7fc00000);
  b.set_bits(0, 0xffc00123);
  EXPECT_FALSE(compare_bits(a, b).bad());
  EXPECT_EQ(compare_bits(a, unwritten(DType::kF32)).failure_class, "unwritten");
  EXPECT_EQ(compare_bits(unwritten(DType::kF32), unwritten(DType::kF32)).failure_class,
            "unwritten");
}

TEST(OutputRounding, IsHalfAUnitInTheLastPlace) {
  EXPECT_EQ(output_rounding(DType::kF32, 1), kUlp / 2);
  EXPECT_EQ(output_rounding(DType::kF32, -1.99), kUlp / 2);
  EXPECT_EQ(output_rounding(DType::kF32, 2), kUlp);
  EXPECT_EQ(output_rounding(DType::kF32, 0), 0x1p-150);
  EXPECT_EQ(output_rounding(DType::kF16, 1e-8), 0x1p-25);
}

}  // namespace
}  // namespace attest::oracle
