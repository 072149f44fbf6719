#include "oracle/rotary.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace attest::oracle {
namespace {

using problem::DType;
using problem::Elements;
using problem::Rotary;

problem::Numerics f32_numerics() {
  problem::Numerics numerics;
  numerics.accumulate = DType::kF32;
  return numerics;
}

/// One pair, positions 0, 1, ... with these (cos, sin).
Rotary tables(bool interleaved, std::int64_t dim, const std::vector<double>& cos,
              const std::vector<double>& sin) {
  Rotary rotary{.dim = dim, .interleaved = interleaved, .cos = {}, .sin = {}};
  rotary.cos = Elements(DType::kF32, cos.size());
  rotary.sin = Elements(DType::kF32, sin.size());
  for (std::size_t i = 0; i < cos.size(); ++i) {
    rotary.cos.set(i, cos[i]);
    rotary.sin.set(i, sin[i]);
  }
  return rotary;
}

std::vector<double> values(const std::vector<TurnedLane>& lanes) {
  std::vector<double> out;
  for (const TurnedLane& lane : lanes) out.push_back(lane.reference.value);
  return out;
}

TEST(Rotary, TurnsByAQuarterWithoutAnyRounding) {
  // Position 1: cos 0, sin 1 for both pairs. (x, y) becomes (-y, x).
  const std::vector<double> x{1, 2, 3, 4, 5};
  const Rotary halves = tables(false, 4, {1, 1, 0, 0}, {0, 0, 1, 1});
  const auto turned = turn(halves, 1, x, f32_numerics(), DType::kF32);
  EXPECT_EQ(values(turned), (std::vector<double>{-3, -4, 1, 2, 5}));
  for (const TurnedLane& lane : turned) {
    EXPECT_TRUE(lane.exact);
    EXPECT_EQ(lane.reference.bound, 0);
    EXPECT_EQ(lane.reference.ball, 0);
  }
  const Rotary interleaved = tables(true, 4, {1, 1, 0, 0}, {0, 0, 1, 1});
  EXPECT_EQ(values(turn(interleaved, 1, x, f32_numerics(), DType::kF32)),
            (std::vector<double>{-2, 1, -4, 3, 5}));
  EXPECT_EQ(values(turn(interleaved, 0, x, f32_numerics(), DType::kF32)), x);
}

TEST(Rotary, IsNotExactWhereTheStoredTypeRounds) {
  // 3 * 0.375 - 5 * 0.125 = 0.5: each number fits bf16. 257 * 0.375 needs 9 bits.
  const Rotary rotary = tables(false, 2, {0.375}, {0.125});
  EXPECT_TRUE(turn(rotary, 0, std::vector{3.0, 5.0}, f32_numerics(), DType::kBF16)[0].exact);
  EXPECT_FALSE(turn(rotary, 0, std::vector{257.0, 5.0}, f32_numerics(), DType::kBF16)[0].exact);
  EXPECT_TRUE(turn(rotary, 0, std::vector{257.0, 5.0}, f32_numerics(), DType::kF32)[0].exact);
}

TEST(Rotary, BoundsWhatF32MakesOfItFusedOrNot) {
  std::uint64_t state = 1;
  const auto next = [&state] {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<float>(static_cast<std::int32_t>(state >> 32)) * 0x1p-30f;
  };
  double worst = 0;
  for (int i = 0; i < 20000; ++i) {
    const float x = next(), y = next(), c = next(), s = next();
    const Rotary rotary = tables(false, 2, {c}, {s});
    const auto turned = turn(rotary, 0, std::vector<double>{x, y}, f32_numerics(), DType::kF32);
    const float plain[] = {x * c - y * s, x * s + y * c};
    const float fused[] = {std::fma(x, c, -(y * s)), std::fma(x, s, y * c)};
    for (std::size_t lane = 0; lane < 2; ++lane) {
      const Reference& reference = turned[lane].reference;
      for (const float got : {plain[lane], fused[lane]}) {
        const double error = std::abs((got - reference.value) - reference.low);
        ASSERT_LE(error, reference.bound + reference.ball);
        worst = std::max(worst, error / reference.bound);
      }
    }
  }
  EXPECT_GT(worst, 0.3);  // and no wider than it must be
}

}  // namespace
}  // namespace attest::oracle
