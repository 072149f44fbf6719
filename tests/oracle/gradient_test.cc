// The certified gradients against their definition at 50 digits, and what they say about structure.
#include "oracle/gradient.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/mp.h"
#include "problem/errors.h"
#include "problem/special_values.h"
#include "tests/oracle/gradient_case.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Problem;
using tests::Data;
using tests::for_each_gradient;
using tests::random_case;
using tests::random_upstream;
using tests::RandomCase;
using tests::UpstreamKind;

/// Worst |value - exact| / ball of one call.
void check_balls(const RandomCase& c, const Upstream& upstream, double& worst,
                 std::int64_t& elements, std::int64_t& vacuous) {
  const Gradients<Mp> exact = differentiate<Mp>(c.problem, c.inputs, upstream);
  const ExpectedGradients expected =
      expect_gradients(c.problem, c.inputs, upstream, problem::generic_numerics(DType::kF32));
  for_each_gradient(
      [&](const char* name, const std::vector<Mp>& values,
          const std::vector<Reference>& references) {
        ASSERT_EQ(values.size(), references.size()) << name;
        for (std::size_t i = 0; i < values.size(); ++i) {
          const Reference& reference = references[i];
          ++elements;
          if (reference.bound == kInfinity) {
            ++vacuous;
            continue;
          }
          const auto error = static_cast<double>(abs(Mp(reference.value) - values[i]));
          ASSERT_LE(error, reference.ball) << name << " " << i << " " << reference.value;
          if (reference.ball > 0) worst = std::max(worst, error / reference.ball);
        }
      },
      exact, expected);
}

TEST(CertifiedGradients, AreWithinTheirBallOfTheDefinition) {
  double worst = 0;
  std::int64_t elements = 0, vacuous = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    for (int data = 0; data < tests::kNumData; ++data) {
      const DType type = seed % 2 == 0 ? DType::kF32 : DType::kF64;
      const std::int64_t size = seed % 4 < 2 ? 24 : 3;
      const RandomCase c = random_case(seed, static_cast<Data>(data),
                                       {.dtype = type, .max_tokens = size, .max_dim = size / 2});
      const auto kind = static_cast<UpstreamKind>((seed + static_cast<std::uint64_t>(data)) %
                                                  tests::kNumUpstreamKinds);
      SCOPED_TRACE("seed " + std::to_string(seed) + " data " + std::to_string(data));
      check_balls(c, random_upstream(seed, kind, c.problem), worst, elements, vacuous);
      if (HasFatalFailure()) return;
    }
  }
  std::printf("  error / ball at most %.3f over %ld elements, %ld vacuous\n", worst,
              static_cast<long>(elements), static_cast<long>(vacuous));
  EXPECT_GE(elements, 100000);
  EXPECT_LT(vacuous * 100, elements);
  EXPECT_GT(worst, 0.1);  // the ball is not padded either
}

TEST(CertifiedGradients, RefineToTheDefinitionInTwoDoubles) {
  const RandomCase c = random_case(3, Data::kNormal);
  const Upstream upstream = random_upstream(3, UpstreamKind::kNormal, c.problem);
  ExpectedGradients expected =
      expect_gradients(c.problem, c.inputs, upstream, problem::generic_numerics(DType::kF64));
  const ExpectedGradients before = expected;
  refine_gradients(c.problem, c.inputs, upstream, expected);
  const Gradients<Mp> exact = differentiate<Mp>(c.problem, c.inputs, upstream);
  ASSERT_FALSE(exact.q.empty());
  for (std::size_t i = 0; i < exact.q.size(); ++i) {
    const Mp error = exact.q[i] - Mp(expected.q[i].value) - Mp(expected.q[i].low);
    EXPECT_LE(abs(error), Mp(expected.q[i].ball));
    EXPECT_LE(expected.q[i].ball, before.q[i].ball * 0x1p-40);
    EXPECT_EQ(expected.q[i].bound, before.q[i].bound);
  }
}

/// One head, two rows, three keys, two lanes; scores of ordinary size.
struct SmallCall {
  Problem problem{
      .sequences = {{.q_len = 2, .kv_len = 3, .start_pos = {}}}, .head_dim_qk = 2, .head_dim_v = 2};
  problem::Inputs inputs{.q = tests::elements_of(DType::kF32, {1, 0.5, -0.25, 1}),
                         .k = tests::elements_of(DType::kF32, {0.5, 1, -1, 0.25, 1, 1}),
                         .v = tests::elements_of(DType::kF32, {1, 2, 3, -1, 0.5, 4}),
                         .bias = {}};
  Upstream upstream{.o = tests::elements_of(DType::kF32, {1, -1, 2, 0.5}),
                    .lse = tests::elements_of(DType::kF32, {0.5, -2})};

  ExpectedGradients expect() const {
    return expect_gradients(problem, inputs, upstream, problem::generic_numerics(DType::kF32));
  }
};

bool is_exact_zero(const Reference& x) { return x.value == 0 && x.ball == 0 && x.bound == 0; }
bool is_vacuous(const Reference& x) { return x.bound == kInfinity; }

TEST(CertifiedGradients, OfAnEmptyRowAreExactZeroes) {
  SmallCall call;
  call.problem.mask.custom = {{0, 0, 0, 1, 1, 1}};
  const ExpectedGradients expected = call.expect();
  EXPECT_TRUE(is_exact_zero(expected.q[0]));
  EXPECT_TRUE(is_exact_zero(expected.q[1]));
  EXPECT_FALSE(is_exact_zero(expected.q[2]));
}

TEST(CertifiedGradients, OfTheSinkOfAnEmptyRowIsTheUpstreamGradientOfLse) {
  SmallCall call;
  call.problem.mask.custom = {{0, 0, 0, 0, 0, 0}};
  call.problem.sinks = {0.75};
  const ExpectedGradients expected = call.expect();
  EXPECT_NEAR(expected.sink[0].value, 0.5 - 2, expected.sink[0].ball);
  EXPECT_LT(expected.sink[0].bound, 2e-5);
  EXPECT_TRUE(is_exact_zero(expected.k[0]));
}

TEST(CertifiedGradients, OfASinkThatIsOffAreZero) {
  SmallCall call;
  call.problem.sinks = {-kInfinity};
  EXPECT_TRUE(is_exact_zero(call.expect().sink[0]));
}

TEST(CertifiedGradients, OfHiddenKeysAreExactZeroesWhateverTheyHold) {
  SmallCall call;
  call.problem.mask.custom = {{1, 0, 1, 1, 0, 1}};
  const ExpectedGradients clean = call.expect();
  call.inputs.k.set(2, kNaN);
  call.inputs.v.set(3, kInfinity);
  const ExpectedGradients poisoned = call.expect();
  for_each_gradient(
      [](const char* name, const std::vector<Reference>& a, const std::vector<Reference>& b) {
        for (std::size_t i = 0; i < a.size(); ++i) {
          EXPECT_EQ(a[i].value, b[i].value) << name << i;
          EXPECT_EQ(a[i].bound, b[i].bound) << name << i;
        }
      },
      clean, poisoned);
  EXPECT_TRUE(is_exact_zero(poisoned.k[2]));
  EXPECT_TRUE(is_exact_zero(poisoned.v[3]));
}

TEST(CertifiedGradients, AreVacuousWhereANonFiniteNumberContributes) {
  SmallCall call;
  call.problem.mask.custom = {{1, 1, 0, 1, 0, 1}};  // the second key belongs to the first row
  call.inputs.v.set(2, kNaN);                       // of the second key
  const ExpectedGradients expected = call.expect();
  EXPECT_TRUE(is_vacuous(expected.q[0]));   // D of the first row is NaN
  EXPECT_FALSE(is_vacuous(expected.q[2]));  // the second row does not see it
  EXPECT_TRUE(is_vacuous(expected.k[0]));
  EXPECT_FALSE(is_vacuous(expected.k[4]));
  EXPECT_FALSE(is_vacuous(expected.v[2]));  // dV = P dO does not read V
}

TEST(CertifiedGradients, AreVacuousWhereAScoreIsNotFinite) {
  SmallCall call;
  call.inputs.q.set(0, kInfinity);
  const ExpectedGradients expected = call.expect();
  EXPECT_TRUE(is_vacuous(expected.q[0]));
  EXPECT_FALSE(is_vacuous(expected.q[2]));
  for (const Reference& x : expected.v) EXPECT_TRUE(is_vacuous(x));
}

TEST(CertifiedGradients, AreVacuousWhereAKernelMayOverflow) {
  SmallCall call;
  call.upstream.o.set(0, 3e38);
  EXPECT_TRUE(is_vacuous(call.expect().q[0]));
  EXPECT_FALSE(is_vacuous(call.expect().q[2]));
}

TEST(CertifiedGradients, RefuseUpstreamsOfOtherShapes) {
  SmallCall call;
  call.upstream.o = tests::elements_of(DType::kF32, {1, 2});
  EXPECT_THROW(call.expect(), ContractError);
  EXPECT_THROW(differentiate<double>(call.problem, call.inputs, call.upstream), ContractError);
  call = {};
  call.upstream.lse = tests::elements_of(DType::kF32, {1, 2, 3});
  EXPECT_THROW(call.expect(), ContractError);
}

}  // namespace
}  // namespace attest::oracle
