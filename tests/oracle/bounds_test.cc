// The bounds are sharp enough: ordinary mistakes on ordinary data fall outside. (That they are wide
// enough is soundness_test.cc.)
#include "oracle/bounds.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/compare.h"
#include "oracle/definition.h"
#include "oracle/expected.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;
using tests::Data;
using tests::RandomCase;

/// 2 sequences x 4 rows x 33 keys x 2 heads x 16 lanes of normal numbers.
RandomCase standard_case(DType type, std::int64_t keys = 33) {
  RandomCase c;
  c.problem.sequences = {{.q_len = 4, .kv_len = keys}, {.q_len = 4, .kv_len = keys}};
  c.problem.num_q_heads = c.problem.num_kv_heads = 2;
  c.problem.head_dim_qk = c.problem.head_dim_v = 16;
  c.problem.scale = 0.25;
  c.problem.q_dtype = c.problem.k_dtype = c.problem.v_dtype = c.problem.o_dtype = type;
  tests::Random random(11);
  const auto normal = [&random, type](std::int64_t count) {
    Elements elements(type, static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < elements.size(); ++i) elements.set(i, random.normal());
    return elements;
  };
  c.inputs = {.q = normal(2 * 4 * 2 * 16),
              .k = normal(2 * keys * 2 * 16),
              .v = normal(2 * keys * 2 * 16),
              .bias = {}};
  return c;
}

/// The outputs of a kernel that computes `problem` in long double.
struct Outputs {
  Elements o, lse;
};
Outputs outputs_of(const problem::Problem& problem, const problem::Inputs& inputs, DType type) {
  const auto rows = attend<long double>(problem, inputs);
  Outputs out{Elements(type, rows.size() * static_cast<std::size_t>(problem.head_dim_v)),
              Elements(type, rows.size())};
  std::size_t i = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const long double o : rows[row].o) out.o.set(i++, static_cast<double>(o));
    out.lse.set(row, static_cast<double>(rows[row].lse));
  }
  return out;
}

class BoundsDetect : public testing::TestWithParam<DType> {
 protected:
  Expected expected(const RandomCase& c) const {
    return expect_attend(c.problem, c.inputs, problem::generic_numerics(GetParam()));
  }
};

TEST_P(BoundsDetect, TheRightResultPasses) {
  const RandomCase c = standard_case(GetParam());
  const Outputs out = outputs_of(c.problem, c.inputs, GetParam());
  const Expected e = expected(c);
  EXPECT_FALSE(compare(out.o, e.o).bad());
  EXPECT_FALSE(compare(out.o, e.o).escalate);
  EXPECT_FALSE(compare(out.lse, e.lse).bad());
}

TEST_P(BoundsDetect, AScaleTwoPercentOff) {
  const RandomCase c = standard_case(GetParam());
  problem::Problem wrong = c.problem;
  wrong.scale *= 1.02;
  const Outputs out = outputs_of(wrong, c.inputs, GetParam());
  EXPECT_GT(compare(out.o, expected(c).o).severity, 100);
  EXPECT_GT(compare(out.lse, expected(c).lse).severity, 100);
}

TEST_P(BoundsDetect, TheMeanOfV) {
  const RandomCase c = standard_case(GetParam());
  problem::Problem wrong = c.problem;
  wrong.scale = 0;
  EXPECT_GT(compare(outputs_of(wrong, c.inputs, GetParam()).o, expected(c).o).severity, 1000);
}

TEST_P(BoundsDetect, AllZeroes) {
  const RandomCase c = standard_case(GetParam());
  EXPECT_GT(compare(Elements(GetParam(), 2 * 4 * 2 * 16), expected(c).o).severity, 1000);
}

TEST_P(BoundsDetect, AMissingKey) {
  const RandomCase c = standard_case(GetParam());
  problem::Problem wrong = c.problem;
  wrong.mask.window_left = 31;
  EXPECT_GT(compare(outputs_of(wrong, c.inputs, GetParam()).o, expected(c).o).severity, 100);
}

TEST_P(BoundsDetect, OneWeightAPercentOffOnOneHotValues) {
  RandomCase c = standard_case(GetParam(), 16);
  for (std::size_t i = 0; i < c.inputs.v.size(); ++i)
    c.inputs.v.set(i, i % 16 == (i / 32) % 16 ? 1 : 0);
  Outputs out = outputs_of(c.problem, c.inputs, GetParam());
  out.o.set(5, out.o.value(5) * 1.01);
  const Deviation d = compare(out.o, expected(c).o);
  EXPECT_EQ(d.failure_class, "value");
  EXPECT_EQ(d.first, 5U);
}

TEST_P(BoundsDetect, OneKeyIsCopiedToAFewRoundoffs) {
  const RandomCase c = standard_case(GetParam(), 1);
  const double u = problem::unit_roundoff(GetParam());
  const Expected e = expected(c);
  for (std::size_t i = 0; i < e.o.size(); ++i) {
    EXPECT_LT(e.o[i].bound, 30 * u * std::abs(static_cast<double>(e.o[i].value)) +
                                problem::smallest_normal(GetParam()) * 100);
  }
}

TEST_P(BoundsDetect, ConstantValuesDoNotDependOnScores) {
  RandomCase c = standard_case(GetParam());
  for (std::size_t i = 0; i < c.inputs.v.size(); ++i) c.inputs.v.set(i, 3);
  for (std::size_t i = 0; i < c.inputs.q.size(); ++i) c.inputs.q.set(i, c.inputs.q.value(i) * 1000);
  const double u = problem::unit_roundoff(GetParam());
  for (const Reference& o : expected(c).o) EXPECT_LT(o.bound, 3 * 33 * 30 * u);
}

TEST_P(BoundsDetect, OutputsBeyondTheHullOfTheValuesEvenWithHopelessScores) {
  RandomCase c = standard_case(GetParam());
  const double huge = GetParam() == DType::kF64 ? 1e17 : 1e8;
  for (std::size_t i = 0; i < c.inputs.q.size(); ++i) c.inputs.q.set(i, c.inputs.q.value(i) * huge);
  for (std::size_t i = 0; i < c.inputs.v.size(); ++i)
    c.inputs.v.set(i, std::abs(c.inputs.v.value(i)) + 1);
  const Expected e = expected(c);
  EXPECT_GT(e.o[0].bound, 0.01);  // hopeless indeed
  Elements o(GetParam(), e.o.size());
  for (std::size_t i = 0; i < o.size(); ++i) o.set(i, 8);
  EXPECT_TRUE(compare(o, e.o).bad());
}

INSTANTIATE_TEST_SUITE_P(Types, BoundsDetect, testing::Values(DType::kF32, DType::kF64),
                         [](const auto& instance) {
                           return std::string(problem::name_of(instance.param));
                         });

TEST(Bounds, DeclaringLessNeverSharpensThem) {
  std::vector<problem::Numerics> weaker(9, problem::generic_numerics(DType::kF32));
  weaker[0].exp_ulp *= 2;
  weaker[1].exp_arg_ulp *= 2;
  weaker[2].tanh_ulp *= 2;
  weaker[3].lazy_rescale = 4;
  weaker[4].p_dtype = DType::kF16;
  weaker[5].merge_levels = 2;
  weaker[6].q_prescaled = true;
  weaker[7].accumulator = problem::Accumulator::kTruncating;
  weaker[8].accumulator = problem::Accumulator::kAlignedTruncating;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    RandomCase c = tests::random_case(seed, Data::kNormal);
    c.problem.q_dtype = DType::kF32;
    const Expected strict =
        expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32));
    for (const problem::Numerics& numerics : weaker) {
      const Expected loose = expect_attend(c.problem, c.inputs, numerics);
      for (std::size_t i = 0; i < strict.o.size(); ++i)
        ASSERT_GE(loose.o[i].bound, strict.o[i].bound);
      for (std::size_t i = 0; i < strict.lse.size(); ++i)
        ASSERT_GE(loose.lse[i].bound, strict.lse[i].bound);
    }
    const Expected merged =
        expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32),
                      {.keys = {}, .extra_merge_levels = 1});
    for (std::size_t i = 0; i < strict.o.size(); ++i)
      ASSERT_GE(merged.o[i].bound, strict.o[i].bound);
  }
}

TEST(Bounds, PossibleOverflowMakesARowVacuous) {
  RandomCase c = standard_case(DType::kF32);
  c.inputs.k.set(0, 3e38);
  c.inputs.q.set(0, 3e38);
  const Expected e = expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32));
  EXPECT_EQ(e.o[0].bound, kInfinity);
  EXPECT_EQ(e.lse[0].bound, kInfinity);
  EXPECT_LT(e.o.back().bound, 1e-3);
}

TEST(Bounds, AShiftRoundedByMoreThanExpHoldsMakesARowVacuous) {
  // exp2(fma(s, c, -fl(m c))) of the largest score itself is e^(u |m c|) then, not 1.
  RandomCase c = standard_case(DType::kF32);
  for (const bool huge : {false, true}) {
    for (std::size_t lane = 0; lane < 16; ++lane) {
      c.inputs.q.set(lane, huge ? 1e6 : 1e2);
      c.inputs.k.set(lane, 1e3);
    }
    const Expected e = expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32));
    EXPECT_EQ(std::isinf(e.o[0].bound), huge);
    EXPECT_EQ(std::isinf(e.lse[0].bound), huge);
  }
}

TEST(Bounds, QTimesScaleMayOverflow) {
  RandomCase c = standard_case(DType::kF32);
  c.problem.scale = 1e20;
  for (std::size_t i = 0; i < c.inputs.k.size(); ++i) c.inputs.k.set(i, 1e-30);
  c.inputs.q.set(0, 1e20);
  const Expected e = expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32));
  EXPECT_EQ(e.o[0].bound, kInfinity);
  EXPECT_LT(e.o.back().bound, 1e-3);
}

TEST(Bounds, SumsOfKeysBeyondDoubleMakeARowVacuous) {
  RandomCase c = standard_case(DType::kF64);
  for (std::size_t lane = 0; lane < 16; ++lane) {
    c.inputs.q.set(lane, 1e-317);  // a kernel may read 0
    for (std::size_t j = 0; j < 33; ++j) c.inputs.k.set(j * 32 + lane, 1e308);
  }
  const Expected e = expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF64));
  EXPECT_EQ(e.o[0].bound, kInfinity);
  EXPECT_EQ(e.lse[0].bound, kInfinity);
}

TEST(Bounds, ValuesThatMayOverflowTheSumMakeTheirLaneVacuous) {
  RandomCase c = standard_case(DType::kF32);
  c.inputs.v.set(3, 3e38);
  const Expected e = expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32));
  EXPECT_EQ(e.o[3].bound, kInfinity);
  EXPECT_LT(e.o[2].bound, 1e-3);
  EXPECT_LT(e.lse[0].bound, 1e-3);
}

TEST(MergeBound, StatesThatAreTheIdentityDoNotCount) {
  const std::vector<double> lse{1, -kInfinity}, one{1}, o_s{2, 99}, just{2}, o{2};
  const Arithmetic numerics = arithmetic_of(problem::generic_numerics(DType::kF32), DType::kF32, 0);
  EXPECT_EQ(merge_bound(lse, o_s, o, 1, numerics).o[0],
            merge_bound(one, just, o, 1, numerics).o[0]);
}

}  // namespace
}  // namespace attest::oracle
