#include "oracle/expected.h"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>
#include <xmmintrin.h>

#include <gtest/gtest.h>

#include "oracle/definition.h"
#include "oracle/mp.h"
#include "oracle/state.h"
#include "problem/errors.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::DType;
using tests::CaseLimits;
using tests::Data;
using tests::random_case;
using tests::RandomCase;

/// |reference - exact| in units of the ball; also checks that the ball is far below the bound.
struct BallCheck {
  double worst = 0;
  std::int64_t elements = 0;
  std::int64_t vacuous = 0;
  std::int64_t undecided = 0;  ///< the ball is no smaller than the bound

  void add(const Reference& reference, const Mp& exact) {
    ASSERT_EQ(reference.kind, Kind::kFinite);
    ++elements;
    if (reference.bound == kInfinity || reference.ball == kInfinity) {
      ++vacuous;
      return;
    }
    const Mp error = abs(exact - Mp(reference.value) - Mp(reference.low));
    ASSERT_TRUE(error <= Mp(reference.ball))
        << "value " << static_cast<double>(reference.value) << ", off by "
        << error.convert_to<double>() << ", ball " << reference.ball;
    if (reference.ball > 0)
      worst = std::max(worst, (error / Mp(reference.ball)).convert_to<double>());
    if (reference.ball > reference.bound) ++undecided;
  }
};

void check_balls(DType type, std::uint64_t seeds) {
  BallCheck check;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (int data = 0; data < tests::kNumData; ++data) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << " data " << data);
      const RandomCase c = random_case(seed, static_cast<Data>(data),
                                       {.dtype = type, .max_tokens = 12, .max_dim = 6});
      const Expected expected = expect_attend(c.problem, c.inputs, problem::generic_numerics(type));
      const std::vector<Row<Mp>> exact = attend<Mp>(c.problem, c.inputs);
      ASSERT_EQ(expected.lse.size(), exact.size());
      for (std::size_t row = 0; row < exact.size(); ++row) {
        for (std::size_t d = 0; d < exact[row].o.size(); ++d) {
          check.add(expected.o[row * exact[row].o.size() + d], exact[row].o[d]);
        }
        if (isfinite(exact[row].lse)) {
          check.add(expected.lse[row], exact[row].lse);
        } else {
          ASSERT_EQ(expected.lse[row].kind, Kind::kMinusInf);
        }
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
  std::printf("worst error / ball %.3f over %ld elements, %ld vacuous\n", check.worst,
              static_cast<long>(check.elements), static_cast<long>(check.vacuous));
  EXPECT_GT(check.elements, 10000);
  EXPECT_LT(check.vacuous, check.elements / 50);
  // The ball of double-double is relative to the largest value, not to what the weights leave of
  // it.
  EXPECT_LT(check.undecided, check.elements / 40);
}

TEST(ExpectAttend, DoubleTierEqualsTheDefinitionWithinItsBall) { check_balls(DType::kF32, 60); }

TEST(ExpectAttend, DoubleDoubleTierEqualsTheDefinitionWithinItsBall) {
  check_balls(DType::kF64, 60);
}

TEST(ExpectAttend, PartialStatesEqualTheDefinition) {
  BallCheck check;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RandomCase c = random_case(seed, Data::kNormal, {.max_tokens = 12, .max_dim = 4});
    tests::Random random(seed);
    ExpectOptions options;
    for (const problem::Sequence& s : c.problem.sequences) {
      const std::int64_t begin = random.between(0, s.kv_len);
      options.keys.push_back({.begin = begin, .end = random.between(begin, s.kv_len)});
    }
    const Expected expected =
        expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32), options);
    std::size_t flat = 0;
    for (std::int64_t b = 0; b < c.problem.batch(); ++b) {
      for (std::int64_t row = 0; row < c.problem.sequences[static_cast<std::size_t>(b)].q_len;
           ++row) {
        for (std::int64_t head = 0; head < c.problem.num_q_heads; ++head, ++flat) {
          const auto exact = attend_row<Mp>(c.problem, c.inputs, b, head, row,
                                            options.keys[static_cast<std::size_t>(b)], false);
          for (std::size_t d = 0; d < exact.o.size(); ++d)
            check.add(expected.o[flat * exact.o.size() + d], exact.o[d]);
          if (!exact.empty) check.add(expected.lse[flat], exact.lse);
          EXPECT_EQ(expected.lse[flat].kind, exact.empty ? Kind::kMinusInf : Kind::kFinite);
        }
      }
    }
  }
}

TEST(ExpectAttend, TheSameRowsInFloatsOfEveryInputType) {
  for (const DType type : problem::all_dtypes()) {
    const RandomCase c = random_case(5, Data::kNormal, {.dtype = type});
    const Expected expected =
        expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32));
    const auto exact = attend<long double>(c.problem, c.inputs);
    for (std::size_t row = 0; row < exact.size(); ++row) {
      for (std::size_t d = 0; d < exact[row].o.size(); ++d) {
        const Reference& reference = expected.o[row * exact[row].o.size() + d];
        EXPECT_LE(std::abs(static_cast<double>(exact[row].o[d] - reference.value)), reference.ball);
      }
    }
  }
}

/// q = 1, k = scores, one lane, f32.
RandomCase tiny(std::initializer_list<double> k, std::initializer_list<double> v) {
  RandomCase c;
  c.problem.sequences = {{.q_len = 1, .kv_len = static_cast<std::int64_t>(k.size())}};
  c.inputs.q = tests::elements_of(DType::kF32, {1});
  c.inputs.k = tests::elements_of(DType::kF32, k);
  c.inputs.v = tests::elements_of(DType::kF32, v);
  return c;
}

Expected expect_tiny(const RandomCase& c) {
  return expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF32));
}

TEST(ExpectAttend, AnEmptyRowIsExactlyZeroAndMinusInfinity) {
  const Expected e = expect_tiny(tiny({}, {}));
  EXPECT_EQ(e.o[0].value, 0);
  EXPECT_EQ(e.o[0].bound, 0);
  EXPECT_EQ(e.o[0].ball, 0);
  EXPECT_EQ(e.lse[0].kind, Kind::kMinusInf);
}

TEST(ExpectAttend, AnEmptyRowWithASinkHasItsLse) {
  RandomCase c = tiny({}, {});
  c.problem.sinks = {2.5};
  const Expected e = expect_tiny(c);
  EXPECT_EQ(e.o[0].value, 0);
  EXPECT_EQ(e.o[0].bound, 0);
  EXPECT_EQ(e.lse[0].value, 2.5);
  EXPECT_GT(e.lse[0].bound, 0);
}

TEST(ExpectAttend, VisibleNaNIsStructural) {
  const Expected e = expect_tiny(tiny({1, std::nan("")}, {2, 3}));
  EXPECT_EQ(e.o[0].kind, Kind::kNaN);
  EXPECT_EQ(e.lse[0].kind, Kind::kNaN);
}

TEST(ExpectAttend, AnInfiniteScoreIsStructural) {
  const Expected e = expect_tiny(tiny({1, kInfinity}, {2, 3}));
  EXPECT_EQ(e.o[0].kind, Kind::kNaN);
  EXPECT_EQ(e.lse[0].kind, Kind::kNonFinite);
}

TEST(ExpectAttend, ANonFiniteValueConcernsItsLaneOnly) {
  RandomCase c = tiny({1, 2}, {1, kInfinity, 2, 3});
  c.problem.head_dim_v = 2;
  const Expected e = expect_tiny(c);
  EXPECT_EQ(e.o[1].kind, Kind::kNonFinite);
  EXPECT_EQ(e.o[0].kind, Kind::kFinite);
  EXPECT_LT(e.o[0].bound, 1e-4);
  EXPECT_LT(e.lse[0].bound, 1e-4);
}

TEST(ExpectAttend, AVisibleScoreOfMinusInfinityDecidesNothing) {
  const Expected e = expect_tiny(tiny({-kInfinity}, {2}));
  EXPECT_EQ(e.o[0].kind, Kind::kFinite);
  EXPECT_EQ(e.o[0].bound, kInfinity);
  EXPECT_EQ(e.lse[0].bound, kInfinity);
}

TEST(ExpectAttend, HiddenKeysMayHoldAnything) {
  RandomCase c = tiny({1, std::nan(""), 2, kInfinity}, {1, std::nan(""), 3, -kInfinity});
  c.problem.mask.custom = {{1, 0, 1, 0}};
  const Expected e = expect_tiny(c);
  const Expected clean = expect_tiny(tiny({1, 2}, {1, 3}));
  EXPECT_EQ(e.o[0].value, clean.o[0].value);
  EXPECT_EQ(e.o[0].bound, clean.o[0].bound);
  EXPECT_EQ(e.lse[0].value, clean.lse[0].value);
}

TEST(ExpectAttend, DoesNotCareAboutFlushToZero) {
  const RandomCase c = random_case(3, Data::kSubnormalV, {.dtype = DType::kF64});
  const Expected clean = expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF64));
  const unsigned saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040);  // flush to zero, subnormals are zero
  const Expected flushed =
      expect_attend(c.problem, c.inputs, problem::generic_numerics(DType::kF64));
  const unsigned after = _mm_getcsr();
  _mm_setcsr(saved);
  EXPECT_EQ(after & 0x8040, 0x8040U);
  ASSERT_EQ(clean.o.size(), flushed.o.size());
  bool subnormal = false;
  for (std::size_t i = 0; i < clean.o.size(); ++i) {
    EXPECT_EQ(clean.o[i].value, flushed.o[i].value);
    EXPECT_EQ(clean.o[i].bound, flushed.o[i].bound);
    subnormal = subnormal || (clean.o[i].value != 0 &&
                              std::abs(clean.o[i].value) < std::numeric_limits<double>::min());
  }
  EXPECT_TRUE(subnormal);
}

TEST(ExpectAttend, NeedsOneRangePerSequence) {
  const RandomCase c = tiny({1}, {1});
  EXPECT_THROW(expect_attend(c.problem, c.inputs, {}, {.keys = {{}, {}}, .extra_merge_levels = 0}),
               ContractError);
}

TEST(RefineRow, ReplacesValuesAndShrinksTheBall) {
  const RandomCase c =
      random_case(1, Data::kNormal, {.max_tokens = 10, .masks = false, .modifiers = false});
  const Expected rough = expect_tiny(c);
  Expected refined = rough;
  const auto exact = attend<Mp>(c.problem, c.inputs);
  const std::size_t row = exact.size() - 1;
  ASSERT_FALSE(exact[row].empty);
  refine_row(c.problem, c.inputs, {}, static_cast<std::int64_t>(row), refined);
  const std::size_t lanes = exact[row].o.size();
  for (std::size_t d = 0; d < lanes; ++d) {
    const Reference& r = refined.o[row * lanes + d];
    EXPECT_EQ(r.bound, rough.o[row * lanes + d].bound);
    EXPECT_LT(r.ball, rough.o[row * lanes + d].ball / 1000);
    EXPECT_TRUE(abs(exact[row].o[d] - Mp(r.value) - Mp(r.low)) <= Mp(r.ball));
  }
  EXPECT_TRUE(abs(exact[row].lse - Mp(refined.lse[row].value) - Mp(refined.lse[row].low)) <=
              Mp(refined.lse[row].ball));
  EXPECT_EQ(refined.o[0].ball, rough.o[0].ball);  // other rows are left alone
  EXPECT_THROW(
      refine_row(c.problem, c.inputs, {}, static_cast<std::int64_t>(exact.size()), refined),
      ContractError);
}

TEST(ExpectMerge, EqualsTheStateMonoidWithinItsBall) {
  BallCheck check;
  for (const DType type : {DType::kF32, DType::kF64}) {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      tests::Random random(seed);
      const auto count = static_cast<std::size_t>(random.between(1, 6));
      std::vector<problem::Elements> o, lse;
      std::vector<Row<Mp>> rows;
      for (std::size_t s = 0; s < count; ++s) {
        const double at =
            random.chance(20) ? -kInfinity : random.normal() * random.one_of({1.0, 50.0, 1e5});
        o.push_back(tests::elements_of(type, {random.normal(), random.normal() * 1e6}));
        lse.push_back(tests::elements_of(type, {at}));
        rows.push_back({.o = {Mp(o.back().value(0)), Mp(o.back().value(1))},
                        .lse = Mp(lse.back().value(0)),
                        .empty = false});
      }
      std::vector<StateView> states;
      for (std::size_t s = 0; s < count; ++s) states.push_back({.o = &o[s], .lse = &lse[s]});
      const Expected expected = expect_merge(1, 2, states, problem::generic_numerics(type));
      const Row<Mp> exact = merge<Mp>(std::span<const Row<Mp>>(rows));
      check.add(expected.o[0], exact.o[0]);
      check.add(expected.o[1], exact.o[1]);
      if (exact.lse == Mp(-kInfinity)) {
        EXPECT_EQ(expected.lse[0].kind, Kind::kMinusInf);
      } else {
        check.add(expected.lse[0], exact.lse);
      }
    }
  }
  EXPECT_EQ(check.vacuous, 0);
}

TEST(ExpectMerge, EmptyStatesGiveTheIdentity) {
  const auto o = tests::elements_of(DType::kF32, {std::nan("")});
  const auto lse = tests::elements_of(DType::kF32, {-kInfinity});
  const Expected e =
      expect_merge(1, 1, {{&o, &lse}, {&o, &lse}}, problem::generic_numerics(DType::kF32));
  EXPECT_EQ(e.o[0].value, 0);
  EXPECT_EQ(e.o[0].bound, 0);
  EXPECT_EQ(e.lse[0].kind, Kind::kMinusInf);
}

TEST(ExpectMerge, ANaNStateIsStructural) {
  const auto o = tests::elements_of(DType::kF32, {1});
  const auto lse = tests::elements_of(DType::kF32, {std::nan("")});
  const Expected e = expect_merge(1, 1, {{&o, &lse}}, problem::generic_numerics(DType::kF32));
  EXPECT_EQ(e.o[0].kind, Kind::kNaN);
  EXPECT_EQ(e.lse[0].kind, Kind::kNaN);
}

}  // namespace
}  // namespace attest::oracle
