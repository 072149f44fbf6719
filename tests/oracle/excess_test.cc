// What is inside the bound but beyond the statistical bound.
#include <vector>

#include <gtest/gtest.h>

#include "oracle/compare.h"
#include "problem/errors.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/ulp.h"

namespace attest::oracle {
namespace {

using problem::DType;
using tests::elements_of;

Deviation compare_one(double got, const Reference& reference, double scale = 1) {
  return compare(elements_of(DType::kF32, {got}), std::vector{reference}, scale);
}

Reference suspectable(double value, double bound, double statistical, double ball = 0) {
  return {.value = value, .ball = ball, .bound = bound, .statistical = statistical};
}

TEST(Excess, BeyondTheStatisticalBoundIsNoFailureButSeen) {
  const std::vector<Reference> references(5, suspectable(1, 64 * kUlp, 4 * kUlp));
  const Deviation d = compare(
      elements_of(DType::kF32, {1, 1 + 8 * kUlp, 1 - 2 * kUlp, 1 - 32 * kUlp, 1 + 16 * kUlp}),
      references);
  EXPECT_FALSE(d.bad());
  EXPECT_FALSE(d.escalate);
  EXPECT_EQ(d.excess.count, 3);
  EXPECT_EQ(d.excess.first, 1U);
  EXPECT_EQ(d.excess.worst, 3U);
  EXPECT_LT(d.excess.error, -6);  // 32 of 4 and half an ulp
  EXPECT_GT(d.excess.error, -8);
}

TEST(Excess, NothingIsSeenWhereNothingIsKnown) {
  EXPECT_EQ(compare_one(1 + 8 * kUlp, suspectable(1, 64 * kUlp, kInfinity)).excess.count, 0);
  // Nor where the bound is no larger: what is outside of it fails, and what is inside is fine.
  const Reference equal = suspectable(1, 4 * kUlp, 4 * kUlp);
  EXPECT_EQ(compare_one(1 + 3 * kUlp, equal).excess.count, 0);
  const Deviation outside = compare_one(1 + 8 * kUlp, equal);
  EXPECT_TRUE(outside.bad());
  EXPECT_EQ(outside.excess.count, 0);
  const Reference vacuous = suspectable(1, kInfinity, kInfinity);
  EXPECT_EQ(compare_one(2, vacuous).excess.count, 0);
}

TEST(Excess, RoundingOfTheOutputAndTheBallAreNoExcess) {
  // 1 + 0.6 ulp can only be written as 1 + ulp.
  EXPECT_EQ(compare_one(1 + kUlp, suspectable(1 + 0.6 * kUlp, kUlp, 0.05 * kUlp)).excess.count, 0);
  EXPECT_EQ(compare_one(1, suspectable(1 + 0.6 * kUlp, kUlp, 0.05 * kUlp)).excess.count, 1);
  const auto with_ball = [](double ball) {
    return compare_one(1 + 6 * kUlp, suspectable(1, 64 * kUlp, 4 * kUlp, ball));
  };
  EXPECT_EQ(with_ball(0).excess.count, 1);
  EXPECT_EQ(with_ball(2 * kUlp).excess.count, 0);
}

TEST(Excess, AScaleConvertsUnitsAndKeepsTheSign) {
  const double ln2 = 0.693147180559945309417;
  const Reference reference = suspectable(3 * ln2, 64 * kUlp, 4 * kUlp);
  EXPECT_GT(compare_one(3 + 16 * kUlp, reference, ln2).excess.error, 1);
  EXPECT_LT(compare_one(3 - 16 * kUlp, reference, ln2).excess.error, -1);
  EXPECT_LT(compare_one(-3 + 16 * kUlp, reference, -ln2).excess.error, -1);
}

TEST(Excess, IsSignedAndZeroInside) {
  const Reference reference = suspectable(1, 64 * kUlp, 4 * kUlp);
  const auto of = [&](double got) { return excess(elements_of(DType::kF32, {got}), 0, reference); };
  EXPECT_EQ(of(1), 0);
  EXPECT_EQ(of(1 + 4 * kUlp), 0);
  EXPECT_GT(of(1 + 6 * kUlp), 1);
  EXPECT_LT(of(1 - 6 * kUlp), -1);
  EXPECT_GT(of(2), 1);  // beyond the bound, too
  EXPECT_EQ(of(kNaN), 0);
  EXPECT_EQ(of(kInfinity), 0);
  EXPECT_EQ(excess(elements_of(DType::kF32, {2}), 0, {.kind = Kind::kNaN}), 0);
  EXPECT_THROW(excess(elements_of(DType::kF32, {1}), 1, reference), ContractError);
}

}  // namespace
}  // namespace attest::oracle
