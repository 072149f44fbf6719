// The engine against 50 digits: nothing is farther off than its ball says, over a million elements
// with all features on.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/simd/engine.h"
#include "problem/special_values.h"
#include "tests/oracle/engine_example.h"
#include "tests/oracle/random_case.h"

namespace attest::tests {
namespace {

using oracle::Mp;
using oracle::simd::engine;

/// |got - truth| / ball; 0 when both are 0.
double error_over_ball(const Mp& truth, double high, double low, double ball) {
  const Mp error = abs(Mp(Mp(high) + low - truth));
  if (error == 0) return 0;
  return ball > 0 ? static_cast<double>(Mp(error / ball)) : kInfinity;
}

struct Worst {
  std::int64_t elements = 0;
  double o = 0, lse = 0;  ///< error / ball
};

void check_row(const EngineExample& example, std::size_t r, Tier tier, const EngineResult& got,
               Worst& worst) {
  const EngineTruth truth = true_row(example, example.rows[r]);
  ASSERT_TRUE(got.finite);
  for (std::size_t d = 0; d < got.o.size(); ++d) {
    const double low = tier == Tier::kDouble ? 0 : got.o_low[d];
    const double ratio = error_over_ball(truth.o[d], got.o[d], low, got.ball[d]);
    ++worst.elements;
    worst.o = std::max(worst.o, ratio);
    ASSERT_TRUE(ratio <= 1) << "lane " << d << ": " << got.o[d] << ", ball " << got.ball[d];
  }
  if (truth.empty && !example.rows[r].has_sink) {
    ASSERT_EQ(got.lse, -kInfinity);
    return;
  }
  const double ratio = error_over_ball(truth.lse, got.lse, got.lse_low, got.lse_ball);
  worst.lse = std::max(worst.lse, ratio);
  ASSERT_TRUE(ratio <= 1) << "lse " << got.lse << ", ball " << got.lse_ball;
}

void check_example(const EngineExample& example, Tier tier, Worst& worst) {
  const std::vector<EngineResult> results = run_engine(engine(), tier, example);
  for (std::size_t r = 0; r < results.size(); ++r) {
    SCOPED_TRACE(r);
    check_row(example, r, tier, results[r], worst);
    if (testing::Test::HasFatalFailure()) return;
  }
}

class EngineBall : public testing::TestWithParam<std::tuple<Tier, int>> {
 protected:
  const Tier tier_ = std::get<0>(GetParam());
  const EngineData data_ = static_cast<EngineData>(std::get<1>(GetParam()));

  void run(const EngineShape& shape, bool features, std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    check_example(engine_example(data_, shape, features, seed), tier_, worst_);
  }
  void TearDown() override {
    std::printf("%lld elements, worst error / ball %.3g (o), %.3g (lse)\n",
                static_cast<long long>(worst_.elements), worst_.o, worst_.lse);
  }

 private:
  Worst worst_;
};

TEST_P(EngineBall, HoldsForEveryShape) {
  constexpr EngineShape kShapes[] = {
      {.rows = 3, .count = 1, .dim_qk = 1, .dim_v = 1},
      {.rows = 12, .count = 15, .dim_qk = 8, .dim_v = 24},
      {.rows = 5, .count = 16, .dim_qk = 64, .dim_v = 16},
      {.rows = 7, .count = 33, .dim_qk = 17, .dim_v = 5},
      {.rows = 4, .count = 130, .dim_qk = 40, .dim_v = 40},
      {.rows = 2, .count = 500, .dim_qk = 64, .dim_v = 8},
      {.rows = 2, .count = 70, .dim_qk = 256, .dim_v = 33},
  };
  std::uint64_t seed = 1;
  for (const EngineShape& shape : kShapes) {
    for (const bool features : {false, true, true, true}) {
      run(shape, features, ++seed);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(EngineBall, HoldsOverManyElements) {
  Random random(17);
  for (int i = 0; i < 85; ++i) {
    const EngineShape shape{.rows = 6,
                            .count = random.between(1, 40),
                            .dim_qk = random.between(1, 24),
                            .dim_v = random.between(100, 150)};
    run(shape, true, random.bits());
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineBall,
                         testing::Combine(testing::Values(Tier::kDouble, Tier::kDoubleDouble),
                                          testing::Range(0, kNumEngineData)));

TEST(EngineBalls, HoldWhereScoresMeanNothing) {
  // Errors of scores near 1: weights are anyone's guess, but o stays among the values.
  for (const Tier tier : {Tier::kDouble, Tier::kDoubleDouble}) {
    EngineExample example = engine_example(
        EngineData::kNormal, {.rows = 6, .count = 50, .dim_qk = 16, .dim_v = 4}, false, 10);
    for (EngineExample::Row& row : example.rows)
      row.factor = tier == Tier::kDouble ? 0x1p49 : 0x1p95;
    Worst worst;
    check_example(example, tier, worst);
  }
}

}  // namespace
}  // namespace attest::tests
