// The engine's promises besides accuracy: the same bits on every instruction set and in any
// company, rows that see nothing, overflow, what it leaves for the bounds.
#include "oracle/simd/engine.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "problem/special_values.h"
#include "tests/oracle/engine_example.h"

namespace attest::tests {
namespace {

using oracle::simd::Engine;
using oracle::simd::engine;
using oracle::simd::find_engine;
using oracle::simd::kBlockRows;

std::uint64_t hash(std::uint64_t h, double x) {
  return (h ^ std::bit_cast<std::uint64_t>(x)) * 0x100000001b3U;
}

/// FNV-1a, words at a time, over everything a tier computes.
std::uint64_t hash(const std::vector<EngineResult>& results, Tier tier) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const EngineResult& result : results) {
    for (const double x : result.o) h = hash(h, x);
    for (const double x : result.ball) h = hash(h, x);
    if (tier == Tier::kDoubleDouble) {
      for (const double x : result.o_low) h = hash(h, x);
    }
    for (const double x : {result.lse, result.lse_low, result.lse_ball, result.max_t, result.l}) {
      h = hash(h, x);
    }
  }
  return h;
}

std::uint64_t golden_hash(const Engine& engine, Tier tier) {
  constexpr EngineShape kShapes[] = {{.rows = 12, .count = 100, .dim_qk = 64, .dim_v = 64},
                                     {.rows = 7, .count = 37, .dim_qk = 19, .dim_v = 21},
                                     {.rows = 13, .count = 300, .dim_qk = 8, .dim_v = 8},
                                     {.rows = 1, .count = 9, .dim_qk = 3, .dim_v = 80}};
  std::uint64_t h = 0;
  std::uint64_t seed = 100;
  for (int data = 0; data < kNumEngineData; ++data) {
    for (const EngineShape& shape : kShapes) {
      for (const bool features : {false, true}) {
        const EngineExample example =
            engine_example(static_cast<EngineData>(data), shape, features, ++seed);
        h = h * 31 + hash(run_engine(engine, tier, example), tier);
      }
    }
  }
  return h;
}

// Bits are part of the contract, of every compiler at every level of optimisation: a change here is
// a new kEngineVersion.
constexpr std::uint64_t kGoldenDouble = 10810373846020997003U;
constexpr std::uint64_t kGoldenDoubleDouble = 18144136170350566211U;

TEST(Engine, HasTheSameBitsOnEveryInstructionSet) {
  for (const Engine* engine : engines_here()) {
    EXPECT_EQ(golden_hash(*engine, Tier::kDouble), kGoldenDouble) << engine->name;
    EXPECT_EQ(golden_hash(*engine, Tier::kDoubleDouble), kGoldenDoubleDouble) << engine->name;
  }
}

TEST(Engine, GivesARowTheSameBitsAloneAndInAnyBlock) {
  std::uint64_t seed = 300;
  for (const Engine* engine : engines_here()) {
    for (const Tier tier : {Tier::kDouble, Tier::kDoubleDouble}) {
      for (const EngineData data :
           {EngineData::kNormal, EngineData::kTiny, EngineData::kHeavyTails}) {
        const EngineShape shape{.rows = 24, .count = 190, .dim_qk = 24, .dim_v = 40};
        const EngineExample example = engine_example(data, shape, true, ++seed);
        const std::uint64_t alone = hash(run_engine(*engine, tier, example, 1), tier);
        for (std::int64_t at_once = 2; at_once <= kBlockRows; ++at_once) {
          EXPECT_EQ(hash(run_engine(*engine, tier, example, at_once), tier), alone)
              << engine->name << ", " << at_once << " rows at once";
        }
      }
    }
  }
}

TEST(Engine, LeavesRowsThatSeeNothingEmpty) {
  for (const Tier tier : {Tier::kDouble, Tier::kDoubleDouble}) {
    EngineExample example = engine_example(
        EngineData::kNormal, {.rows = 4, .count = 20, .dim_qk = 8, .dim_v = 8}, false, 7);
    example.rows[0].first = example.rows[0].last = 20;
    example.rows[1].extra.assign(20, -kInfinity);
    example.rows[1].extra_low.assign(20, 0);
    example.rows[1].extra_size.assign(20, kInfinity);
    example.rows[2].last = 0;
    example.rows[2].has_sink = true;
    example.rows[2].sink = 1.5;
    const std::vector<EngineResult> results = run_engine(engine(), tier, example);
    for (int r = 0; r < 3; ++r) {
      EXPECT_TRUE(results[r].finite);
      EXPECT_EQ(results[r].o, std::vector<double>(8, 0.0));
      EXPECT_EQ(results[r].ball, std::vector<double>(8, 0.0));
      EXPECT_EQ(results[r].lse_ball, 0);
    }
    EXPECT_EQ(results[0].lse, -kInfinity);
    EXPECT_EQ(results[1].lse, -kInfinity);
    EXPECT_EQ(results[2].lse, 1.5);
    EXPECT_NE(results[3].o, std::vector<double>(8, 0.0));
  }
}

TEST(Engine, SaysWhenSomethingMayOverflow) {
  constexpr EngineShape kShape{.rows = 2, .count = 20, .dim_qk = 8, .dim_v = 8};
  for (const Tier tier : {Tier::kDouble, Tier::kDoubleDouble}) {
    EngineExample scores = engine_example(EngineData::kNormal, kShape, false, 8);
    scores.rows[1].q[3] = 0x1p1010;
    const std::vector<EngineResult> of_scores = run_engine(engine(), tier, scores);
    EXPECT_TRUE(of_scores[0].finite);
    EXPECT_FALSE(of_scores[1].finite);

    EngineExample values = engine_example(EngineData::kNormal, kShape, false, 9);
    for (double& v : values.v) v = 0x1.8p1023;
    EXPECT_FALSE(run_engine(engine(), tier, values)[0].finite);
  }
}

TEST(Engine, NeverReturnsNegativeZero) {
  // Whether a product that underflows is followed by a key of no weight depends on the block.
  EngineExample example = engine_example(
      EngineData::kNormal, {.rows = 1, .count = 3, .dim_qk = 4, .dim_v = 8}, false, 11);
  for (double& v : example.v) v = -0x1p-1074;
  example.rows[0].v_scale = 0x1p-10;
  for (const Tier tier : {Tier::kDouble, Tier::kDoubleDouble}) {
    const std::vector<EngineResult> results = run_engine(engine(), tier, example);
    for (const double o : results[0].o) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(o), 0U);
    }
  }
}

TEST(Engine, LeavesWeightsAndScoresForTheBounds) {
  std::uint64_t seed = 500;
  for (int i = 0; i < 20; ++i) {
    const EngineExample example = engine_example(
        EngineData::kNormal, {.rows = 7, .count = 45, .dim_qk = 16, .dim_v = 8}, i > 0, ++seed);
    const auto results = run_engine(engine(), Tier::kDouble, example, kBlockRows, true);
    for (std::size_t r = 0; r < results.size(); ++r) {
      const EngineExample::Row& row = example.rows[r];
      const EngineResult& got = results[r];
      double l = row.has_sink ? std::exp(row.sink - got.max_t) : 0;
      for (std::size_t x = 0; x < got.weights.size(); ++x) {
        const std::int64_t j = got.first_key + static_cast<std::int64_t>(x);
        const bool hidden =
            j < row.first || j >= row.last || (!row.extra.empty() && row.extra[j] == -kInfinity);
        l += got.weights[x];
        if (hidden) {
          EXPECT_EQ(got.weights[x], 0);
          EXPECT_FALSE(std::isnan(got.dots[x]));
          continue;
        }
        double dot = 0;
        for (int d = 0; d < 16; ++d) dot += row.q[d] * example.k[j * 16 + d];
        EXPECT_NEAR(got.dots[x], row.factor * dot, 1e-5);
        EXPECT_NEAR(got.weights[x], std::exp(got.scores[x] - got.max_t), 1e-5);
      }
      if (got.lse > -kInfinity) {
        EXPECT_NEAR(l, got.l, 1e-9);
      }
    }
  }
}

TEST(Engine, IsFoundByName) {
  EXPECT_NE(find_engine("portable"), nullptr);
  EXPECT_EQ(find_engine("sse9"), nullptr);
  for (const Engine* engine : engines_here()) EXPECT_EQ(find_engine(engine->name), engine);
}

}  // namespace
}  // namespace attest::tests
