#include "shrinkers/ladder.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace attest::tests {
namespace {

using shrinkers::ladder;
using shrinkers::Piece;
using shrinkers::pieces;
using shrinkers::size_ladder;
using Steps = std::vector<std::int64_t>;

TEST(Ladder, StartsWithTheLowestAndEndsOneBelow) {
  EXPECT_EQ(ladder(8, 0), (Steps{0, 1, 4, 6, 7}));
  EXPECT_EQ(ladder(8, 1), (Steps{1, 5, 7}));
  EXPECT_EQ(ladder(1, 0), (Steps{0}));
  EXPECT_EQ(ladder(2, 0), (Steps{0, 1}));
  EXPECT_EQ(ladder(0, 0), (Steps{}));
  EXPECT_EQ(ladder(1, 1), (Steps{}));
  EXPECT_EQ(ladder(-3, 0), (Steps{}));
}

TEST(Ladder, AscendsStrictlyAndAlwaysOffersOneLess) {
  for (std::int64_t value = 1; value < 300; ++value) {
    for (const std::int64_t lowest : {0, 1}) {
      const Steps steps = ladder(value, lowest);
      if (value == lowest) continue;
      EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end(), std::less_equal<>())) << value;
      EXPECT_EQ(steps.front(), lowest);
      EXPECT_EQ(steps.back(), value - 1) << value;
    }
  }
}

TEST(Ladder, ReachesAnyThresholdInFewTries) {
  for (std::int64_t threshold = 0; threshold <= 4096; threshold += 7) {
    std::int64_t value = 4096;
    int tries = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (const std::int64_t step : ladder(value, 0)) {
        ++tries;
        if (step < threshold) continue;
        value = step;
        moved = true;
        break;
      }
    }
    EXPECT_EQ(value, threshold);
    EXPECT_LE(tries, 110) << threshold;
  }
}

TEST(SizeLadder, OffersPowersOfTwoFirst) {
  EXPECT_EQ(size_ladder(40, 1), (Steps{1, 2, 4, 8, 16, 32, 21, 31, 36, 38, 39}));
  EXPECT_EQ(size_ladder(1, 1), (Steps{}));
}

TEST(Pieces, CoverEverythingAtEachSizeDownToSingles) {
  for (std::int64_t count = 2; count < 70; ++count) {
    const std::vector<Piece> all = pieces(count, 10'000);
    std::int64_t expected_begin = 0;
    std::int64_t singles = 0;
    for (const Piece piece : all) {
      EXPECT_EQ(piece.begin, expected_begin);
      EXPECT_LT(piece.begin, piece.end);
      expected_begin = piece.end == count ? 0 : piece.end;
      singles += piece.end - piece.begin == 1 ? 1 : 0;
    }
    EXPECT_EQ(expected_begin, 0);
    EXPECT_GE(singles, count);
  }
}

TEST(Pieces, StopAtTheLimitAndNeedTwoItems) {
  EXPECT_EQ(pieces(100, 5).size(), 5u);
  EXPECT_TRUE(pieces(1, 5).empty());
  EXPECT_TRUE(pieces(0, 5).empty());
}

}  // namespace
}  // namespace attest::tests
