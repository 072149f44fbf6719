#include "kernels/doorbell.h"

#include <gtest/gtest.h>

namespace attest::kernels {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Patience, StaysAsLongAsItIsEnough) {
  Patience patience(microseconds(200));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(patience.next(), microseconds(200));
    patience.enough();
  }
}

TEST(Patience, IsGivenUpWhereItIsNotAndTriedAgainNowAndThen) {
  Patience patience(microseconds(200));
  for (int i = 0; i < 4; ++i) {
    EXPECT_GT(patience.next().count(), 0);
    patience.too_short();
  }
  for (std::uint32_t i = 1; i < Patience::kProbe; ++i) EXPECT_EQ(patience.next().count(), 0);
  EXPECT_EQ(patience.next(), microseconds(50));
  patience.too_short();
  EXPECT_EQ(patience.next().count(), 0);
  patience.enough();
  EXPECT_EQ(patience.next(), microseconds(200));
}

TEST(Patience, WithoutAnyThereIsNone) {
  Patience patience{nanoseconds(0)};
  for (std::uint32_t i = 0; i < 3 * Patience::kProbe; ++i) EXPECT_EQ(patience.next().count(), 0);
}

TEST(Doorbell, HearsARingAtOnceAndTellsThatTimeIsOver) {
  Doorbell bell;
  Patience none{nanoseconds(0)};
  EXPECT_FALSE(bell.wait(bell.rings(), none, microseconds(100)));
  const std::uint32_t seen = bell.rings();
  bell.ring();
  EXPECT_TRUE(bell.wait(seen, none, std::chrono::seconds(100)));
}

}  // namespace
}  // namespace attest::kernels
