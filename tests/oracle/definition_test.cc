// Tiny calls worked out by hand.
#include "oracle/definition.h"

#include <cmath>

#include <gtest/gtest.h>

#include "oracle/mp.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;
using problem::Inputs;
using problem::Problem;
using tests::elements_of;

/// One query row of one head over keys with scores `scores` (q = 1, one lane) and values `values`.
struct Tiny {
  Problem problem;
  Inputs inputs;

  Tiny(std::initializer_list<double> scores, std::initializer_list<double> values) {
    problem.sequences = {{.q_len = 1, .kv_len = static_cast<std::int64_t>(scores.size())}};
    problem.q_dtype = problem.k_dtype = problem.v_dtype = DType::kF64;
    inputs.q = elements_of(DType::kF64, {1});
    inputs.k = elements_of(DType::kF64, scores);
    inputs.v = elements_of(DType::kF64, values);
  }
  Row<double> row(std::int64_t head = 0) const {
    return attend_row<double>(problem, inputs, 0, head, 0);
  }
};

TEST(Definition, OneKeyGivesItsValue) {
  const Row<double> row = Tiny({3}, {7}).row();
  EXPECT_EQ(row.o[0], 7);
  EXPECT_EQ(row.lse, 3);
  EXPECT_FALSE(row.empty);
}

TEST(Definition, WeightsAreExponentialsOfScores) {
  const Row<double> row = Tiny({0, std::log(3.0)}, {4, 8}).row();
  EXPECT_DOUBLE_EQ(row.o[0], 7);  // (1 * 4 + 3 * 8) / 4
  EXPECT_DOUBLE_EQ(row.lse, std::log(4.0));
}

TEST(Definition, EqualScoresGiveTheMean) {
  const Row<double> row = Tiny({2, 2, 2, 2}, {1, 2, 3, 6}).row();
  EXPECT_DOUBLE_EQ(row.o[0], 3);
  EXPECT_DOUBLE_EQ(row.lse, 2 + std::log(4.0));
}

TEST(Definition, ScaleMultipliesScores) {
  Tiny tiny({0, 2}, {0, 1});
  tiny.problem.scale = -0.5;
  EXPECT_DOUBLE_EQ(tiny.row().o[0], std::exp(-1) / (1 + std::exp(-1)));
}

TEST(Definition, HugeScoresDoNotOverflow) {
  const Row<double> row = Tiny({1e5, 1e5}, {1, 3}).row();
  EXPECT_EQ(row.o[0], 2);
  EXPECT_DOUBLE_EQ(row.lse, 1e5 + std::log(2.0));
}

TEST(Definition, WithoutAVisibleKeyTheStateIsTheIdentity) {
  const Row<double> row = Tiny({}, {}).row();
  EXPECT_EQ(row.o[0], 0);
  EXPECT_EQ(row.lse, -kInfinity);
  EXPECT_TRUE(row.empty);
}

TEST(Definition, ASinkTakesWeightAndHasNoValue) {
  Tiny tiny({0}, {8});
  tiny.problem.sinks = {std::log(3.0)};
  EXPECT_DOUBLE_EQ(tiny.row().o[0], 2);
  EXPECT_DOUBLE_EQ(tiny.row().lse, std::log(4.0));
}

TEST(Definition, ASinkAloneIsTheLse) {
  Tiny tiny({}, {});
  tiny.problem.sinks = {1.5};
  EXPECT_EQ(tiny.row().o[0], 0);
  EXPECT_EQ(tiny.row().lse, 1.5);
  EXPECT_TRUE(tiny.row().empty);
}

TEST(Definition, ASinkOfMinusInfinityIsOff) {
  Tiny tiny({3}, {7});
  tiny.problem.sinks = {-kInfinity};
  EXPECT_EQ(tiny.row().o[0], 7);
  EXPECT_EQ(tiny.row().lse, 3);
}

TEST(Definition, APartialStateLeavesTheSinkOut) {
  Tiny tiny({3, 5}, {7, 9});
  tiny.problem.sinks = {4};
  const auto part = attend_row<double>(tiny.problem, tiny.inputs, 0, 0, 0,
                                       problem::Range{.begin = 1, .end = 2}, false);
  EXPECT_EQ(part.o[0], 9);
  EXPECT_EQ(part.lse, 5);
}

TEST(Definition, SoftcapBoundsScores) {
  Tiny tiny({40}, {1});
  tiny.problem.softcap = 20;
  EXPECT_DOUBLE_EQ(tiny.row().lse, 20 * std::tanh(2));
}

TEST(Definition, AlibiFallsWithDistance) {
  Tiny tiny({0, 0, 0}, {1, 2, 3});
  tiny.problem.alibi_slopes = {std::log(2.0)};
  // The row is at position 2: distances 2, 1, 0, weights 1/4, 1/2, 1.
  EXPECT_DOUBLE_EQ(tiny.row().o[0], (0.25 + 1 + 3) / 1.75);
}

TEST(Definition, AlibiMeasuresBothDirections) {
  Tiny tiny({0, 0}, {1, 2});
  tiny.problem.sequences[0].start_pos = 0;
  tiny.problem.alibi_slopes = {std::log(2.0)};
  EXPECT_DOUBLE_EQ(tiny.row().o[0], (1 + 0.5 * 2) / 1.5);
}

TEST(Definition, SoftcapComesBeforeAlibiAndBiasAfterBoth) {
  Tiny tiny({40, 40}, {0, 1});
  tiny.problem.softcap = 20;
  tiny.problem.alibi_slopes = {3};
  tiny.problem.bias = problem::Bias::kShared;
  tiny.inputs.bias = elements_of(DType::kF32, {5, 0});
  const double capped = 20 * std::tanh(2);
  const double t0 = capped - 3 + 5;
  EXPECT_DOUBLE_EQ(tiny.row().lse, std::log(std::exp(t0) + std::exp(capped)));
}

TEST(Definition, ABiasOfMinusInfinityHidesTheKey) {
  Tiny tiny({9, 1}, {kNaN, 4});
  tiny.problem.bias = problem::Bias::kPerHead;
  tiny.inputs.bias = elements_of(DType::kF32, {-kInfinity, 0});
  EXPECT_EQ(tiny.row().o[0], 4);
  tiny.inputs.bias = elements_of(DType::kF32, {-kInfinity, -kInfinity});
  EXPECT_TRUE(tiny.row().empty);
  EXPECT_EQ(tiny.row().lse, -kInfinity);
}

TEST(Definition, HiddenKeysMayHoldAnything) {
  Tiny tiny({1, kNaN}, {4, kInfinity});
  tiny.problem.mask.custom = {{1, 0}};
  EXPECT_EQ(tiny.row().o[0], 4);
  EXPECT_EQ(tiny.row().lse, 1);
}

TEST(Definition, VisibleNaNReachesEverything) {
  const Row<double> row = Tiny({1, kNaN}, {4, 5}).row();
  EXPECT_TRUE(std::isnan(row.o[0]));
  EXPECT_TRUE(std::isnan(row.lse));
}

TEST(Definition, AnInfiniteScoreIsInfinityOverInfinity) {
  const Row<double> row = Tiny({1, kInfinity}, {4, 5}).row();
  EXPECT_TRUE(std::isnan(row.o[0]));
  EXPECT_EQ(row.lse, kInfinity);
}

TEST(Definition, AnInfiniteValueReachesItsLane) {
  const Row<double> row = Tiny({1, 2}, {4, -kInfinity}).row();
  EXPECT_EQ(row.o[0], -kInfinity);
  EXPECT_TRUE(std::isfinite(row.lse));
}

TEST(Definition, QueryHeadsShareKvHeadsByGroups) {
  Problem p;
  p.sequences = {{.q_len = 1, .kv_len = 1}};
  p.num_q_heads = 6;
  p.num_kv_heads = 2;
  Inputs inputs;
  inputs.q = elements_of(DType::kF32, {1, 1, 1, 1, 1, 1});
  inputs.k = elements_of(DType::kF32, {1, 1});
  inputs.v = elements_of(DType::kF32, {10, 20});
  const double expected[] = {10, 10, 10, 20, 20, 20};
  for (std::int64_t h = 0; h < 6; ++h)
    EXPECT_EQ(attend_row<double>(p, inputs, 0, h, 0).o[0], expected[h]) << h;
}

TEST(Definition, ValuesMayBeWiderThanKeys) {
  Tiny tiny({1, 1}, {1, 2, 3, 5, 6, 7});
  tiny.problem.head_dim_v = 3;
  EXPECT_EQ(tiny.row().o, (std::vector<double>{3, 4, 5}));
}

TEST(Definition, ValuesMayBeAPrefixOfKeys) {
  Problem p;
  p.sequences = {{.q_len = 1, .kv_len = 1}};
  p.head_dim_qk = 3;
  p.head_dim_v = 2;
  p.v_is_k_prefix = true;
  p.k_scale = {2};
  const Inputs inputs{.q = elements_of(DType::kF32, {1, 1, 1}),
                      .k = elements_of(DType::kF32, {5, 6, 7}),
                      .v = {},
                      .bias = {}};
  EXPECT_EQ(attend_row<double>(p, inputs, 0, 0, 0).o, (std::vector<double>{10, 12}));
}

/// Two sequences, two query heads, two KV heads, every stored number 1; o = v_scale and lse =
/// q_scale * k_scale.
void expect_scales(const Problem& p, std::int64_t b, std::int64_t head, double qk, double v) {
  Elements ones(DType::kE4M3, 4);
  for (std::size_t i = 0; i < 4; ++i) ones.set(i, 1);
  const Inputs inputs{.q = ones, .k = ones, .v = ones, .bias = {}};
  const Row<double> row = attend_row<double>(p, inputs, b, head, 0);
  EXPECT_EQ(row.lse, qk) << b << " " << head;
  EXPECT_EQ(row.o[0], v) << b << " " << head;
}

TEST(Definition, ScalesArePerTensorPerHeadOrPerSequenceAndHead) {
  Problem p;
  p.sequences = {{}, {}};
  p.num_q_heads = p.num_kv_heads = 2;
  p.q_scale = {3};
  p.k_scale = {5, 7};
  p.v_scale = {1, 2, 4, 8};
  expect_scales(p, 0, 0, 15, 1);
  expect_scales(p, 0, 1, 21, 2);
  expect_scales(p, 1, 0, 15, 4);
  expect_scales(p, 1, 1, 21, 8);
}

TEST(Definition, SequencesFollowEachOtherAndMayBeEmpty) {
  Problem p;
  p.sequences = {{.q_len = 1, .kv_len = 2},
                 {.q_len = 0, .kv_len = 1},
                 {.q_len = 2, .kv_len = 0},
                 {.q_len = 1, .kv_len = 1}};
  Inputs inputs;
  inputs.q = elements_of(DType::kF32, {0, 0, 0, 1});
  inputs.k = elements_of(DType::kF32, {1, 1, 9, 5});
  inputs.v = elements_of(DType::kF32, {2, 4, 9, 8});
  const std::vector<Row<double>> rows = attend<double>(p, inputs);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].o[0], 3);
  EXPECT_TRUE(rows[1].empty);
  EXPECT_TRUE(rows[2].empty);
  EXPECT_EQ(rows[3].o[0], 8);
  EXPECT_EQ(rows[3].lse, 5);
}

TEST(Definition, BiasIsPerHeadOrShared) {
  Problem p;
  p.sequences = {{.q_len = 2, .kv_len = 1}};
  p.num_q_heads = 2;
  p.bias = problem::Bias::kPerHead;
  Inputs inputs;
  inputs.q = elements_of(DType::kF32, {0, 0, 0, 0});
  inputs.k = inputs.v = elements_of(DType::kF32, {1});
  inputs.bias = elements_of(DType::kF32, {1, 2, 3, 4});
  EXPECT_EQ(attend_row<double>(p, inputs, 0, 0, 1).lse, 2);
  EXPECT_EQ(attend_row<double>(p, inputs, 0, 1, 0).lse, 3);
  p.bias = problem::Bias::kShared;
  EXPECT_EQ(attend_row<double>(p, inputs, 0, 1, 1).lse, 2);
}

TEST(Definition, TreeDepthIsWhatAlibiMeasures) {
  Tiny tiny({0, 0, 0}, {1, 0, 0});
  tiny.problem.mask.tree = {
      {.parent = {-1, 0, 0}}};  // the row is the last token, a child of the first
  tiny.problem.alibi_slopes = {std::log(3.0)};
  EXPECT_DOUBLE_EQ(tiny.row().o[0], 0.25);  // distance 1, not 2; its sibling is hidden
}

TEST(Definition, FiftyDigitsAndDoubleAgree) {
  double worst = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const tests::RandomCase c = tests::random_case(seed, tests::Data::kNormal);
    const auto fast = attend<double>(c.problem, c.inputs);
    const auto exact = attend<Mp>(c.problem, c.inputs);
    ASSERT_EQ(fast.size(), exact.size());
    for (std::size_t i = 0; i < fast.size(); ++i) {
      ASSERT_EQ(fast[i].empty, exact[i].empty);
      if (fast[i].lse == -kInfinity) continue;
      for (std::size_t d = 0; d < fast[i].o.size(); ++d) {
        worst = std::max(worst, std::abs(fast[i].o[d] - exact[i].o[d].convert_to<double>()));
      }
      worst = std::max(worst, std::abs(fast[i].lse - exact[i].lse.convert_to<double>()));
    }
  }
  EXPECT_LT(worst, 1e-12);
  EXPECT_GT(worst, 0);
}

}  // namespace
}  // namespace attest::oracle
