#include "oracle/near.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;

Elements f32(std::initializer_list<double> values) {
  Elements out(DType::kF32, values.size());
  std::size_t i = 0;
  for (const double value : values) out.set(i++, value);
  return out;
}

Reference about(double value, double bound) {
  return {.value = value, .low = 0, .ball = 0, .bound = bound};
}

TEST(CompareNear, AllowsTheDistanceOfTheAnswersAndBothBounds) {
  const std::vector<Reference> a{about(1.0, 0x1p-10)}, b{about(1.5, 0x1p-10)};
  EXPECT_FALSE(compare_near(f32({1.0}), a, f32({1.5}), b).bad());
  EXPECT_FALSE(compare_near(f32({1.0 + 0x1p-10}), a, f32({1.5 - 0x1p-10}), b).bad());
  const Deviation far = compare_near(f32({1.0 + 0x1p-9}), a, f32({1.5 - 0x1p-9}), b);
  EXPECT_EQ(far.failure_class, "value");
  EXPECT_GT(far.severity, 1.0);
  EXPECT_EQ(far.expected, 1.0 - 0x1p-9);
}

TEST(CompareNear, DoesNotTakeTheDistanceAsSlack) {
  // The answers differ by 0.5; one result that did not move is off by all of it.
  const std::vector<Reference> a{about(1.0, 0x1p-10)}, b{about(1.5, 0x1p-10)};
  EXPECT_TRUE(compare_near(f32({1.5}), a, f32({1.5}), b).bad());
}

TEST(CompareNear, JudgesWhatIsNoNumberByItsKind) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Reference> empty{{.kind = Kind::kMinusInf}}, one{about(1.0, 1.0)};
  EXPECT_FALSE(compare_near(f32({-infinity}), empty, f32({-infinity}), empty).bad());
  EXPECT_TRUE(compare_near(f32({0.0}), empty, f32({-infinity}), empty).bad());
  EXPECT_EQ(compare_near(f32({nan}), one, f32({1.0}), one).failure_class, "nan");
  EXPECT_EQ(compare_near(f32({1.0}), one, f32({infinity}), one).failure_class, "inf");
}

TEST(CompareNear, SeesAnElementThatNobodyWrote) {
  Elements unwritten = f32({1.0});
  unwritten.set_bits(0, problem::unwritten_bits(DType::kF32));
  const std::vector<Reference> one{about(1.0, 1.0)};
  EXPECT_EQ(compare_near(f32({1.0}), one, unwritten, one).failure_class, "unwritten");
}

TEST(CompareNear, DecidesNothingWithoutABound) {
  const std::vector<Reference> vacuous{about(1.0, std::numeric_limits<double>::infinity())};
  const Deviation deviation = compare_near(f32({1.0}), vacuous, f32({9.0}), vacuous);
  EXPECT_FALSE(deviation.bad());
  EXPECT_EQ(deviation.vacuous, 1);
}

TEST(TellApart, NeedsMoreThanBothBounds) {
  const std::vector<Reference> a{about(0, 1), about(1.0, 0.25)};
  EXPECT_FALSE(tell_apart(a, std::vector{about(0, 1), about(1.5, 0.25)}));
  EXPECT_TRUE(tell_apart(a, std::vector{about(0, 1), about(1.75, 0.25)}));
  EXPECT_TRUE(tell_apart(a, std::vector{about(0, 1), Reference{.kind = Kind::kNaN}}));
  EXPECT_FALSE(tell_apart(a, std::vector{about(0, 1), Reference{.kind = Kind::kNonFinite}}));
}

}  // namespace
}  // namespace attest::oracle
