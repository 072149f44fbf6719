#include "shrinkers/accept.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace attest::tests {
namespace {

using problem::kStructural;
using problem::Status;
using problem::Verdict;
using shrinkers::acceptable;

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

struct Row {
  const char* claim;
  const char* first_class;
  double first;
  const char* next_class;
  double next;
  bool accepted;
};

TEST(Accept, FollowsTheSeverityRule) {
  const Row rows[] = {
      {"as severe as the first", "value", 3.0, "value", 3.0, true},
      {"below a first that is below 4", "value", 3.0, "value", 2.9, false},
      {"4 is enough for a first of up to 16", "value", 16.0, "value", 4.0, true},
      {"just below 4 is not", "value", 16.0, "value", 3.99, false},
      {"the square root beyond that", "value", 1e6, "value", 1e3, true},
      {"below the square root", "value", 1e6, "value", 999.0, false},
      {"more severe than the first", "value", 100.0, "value", kStructural, true},
      {"an infinite first asks for infinity", "value", kStructural, "value", 1e300, false},
      {"NaN is no severity", "value", 10.0, "value", kNotANumber, false},
      {"a first of NaN matches nothing", "value", kNotANumber, "value", 10.0, false},
      {"another class", "value", 10.0, "nan", kStructural, false},
      {"a number after a crash", "nan", kStructural, "value", kStructural, false},
      {"classes that are no number count as infinite", "bits", 0.0, "bits", 7.0, true},
  };
  for (const Row& row : rows) {
    const Verdict first = Verdict::fail(row.first_class, "", row.first);
    const Verdict next = Verdict::fail(row.next_class, "", row.next);
    EXPECT_EQ(acceptable(first, next), row.accepted) << row.claim;
  }
}

TEST(Accept, RejectsWhateverDoesNotFail) {
  const Verdict first = Verdict::fail("value", "", 10.0);
  EXPECT_FALSE(acceptable(first, Verdict::pass(10.0)));
  EXPECT_FALSE(acceptable(first, Verdict::skipped("needs a window")));
  Verdict inconclusive = first;
  inconclusive.status = Status::kInconclusive;
  EXPECT_FALSE(acceptable(first, inconclusive));
}

TEST(Accept, RejectsAnotherStatusOfTheSameClass) {
  const Verdict first = Verdict::fail("value", "", 10.0);
  Verdict flaky = first;
  flaky.status = Status::kFlaky;
  EXPECT_FALSE(acceptable(first, flaky));
  EXPECT_TRUE(acceptable(flaky, flaky));
}

}  // namespace
}  // namespace attest::tests
