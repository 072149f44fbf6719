#include "campaign/rate.h"

#include <gtest/gtest.h>

namespace attest::campaign {
namespace {

// Brown, Cai, DasGupta 2001, and the formula worked out by hand.
TEST(Rate, HasTheIntervalOfWilson) {
  EXPECT_NEAR((Rate{.failures = 0, .runs = 20}.high()), 0.16113, 1e-5);
  EXPECT_NEAR((Rate{.failures = 5, .runs = 20}.low()), 0.11186, 1e-5);
  EXPECT_NEAR((Rate{.failures = 5, .runs = 20}.high()), 0.46870, 1e-5);
}

TEST(Rate, OfNothingIsAnything) {
  EXPECT_EQ((Rate{.failures = 0, .runs = 0}.low()), 0);
  EXPECT_EQ((Rate{.failures = 0, .runs = 0}.high()), 1);
  EXPECT_EQ((Rate{.failures = 0, .runs = 9}.low()), 0);
  EXPECT_EQ((Rate{.failures = 9, .runs = 9}.high()), 1);
}

TEST(Rate, HoldsItsShareAndNarrows) {
  double width = 1;
  for (std::int64_t runs = 10; runs <= 10'000; runs *= 10) {
    const Rate rate{.failures = runs * 3 / 10, .runs = runs};
    EXPECT_LT(rate.low(), 0.3);
    EXPECT_GT(rate.high(), 0.3);
    EXPECT_LT(rate.high() - rate.low(), width);
    width = rate.high() - rate.low();
  }
}

TEST(Rate, ReadsAsAnInterval) {
  EXPECT_EQ(rate_text({.failures = 3, .runs = 20}),
            "3 of 20 runs (15 %, with 95 % confidence 5.2 % to 36 %)");
}

}  // namespace
}  // namespace attest::campaign
