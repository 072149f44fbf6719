#include "kernels/text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace attest::kernels {
namespace {

TEST(Printable, LeavesPrintableAsciiAlone) { EXPECT_EQ(printable("head_dim 7 ~"), "head_dim 7 ~"); }

TEST(Printable, EscapesEverythingElse) {
  EXPECT_EQ(printable(std::string_view("a\n\033[0m\0\xff\x7f", 9)),
            "a\\x0a\\x1b[0m\\x00\\xff\\x7f");
}

TEST(Printable, StaysWithinItsLimitAndShowsTheCut) {
  EXPECT_EQ(printable("0123456789", 10), "0123456789");
  EXPECT_EQ(printable("0123456789a", 10), "0123456...");
  for (std::size_t limit = 0; limit < 30; ++limit) {
    EXPECT_LE(printable("ab\n\n\ncd\n\n\nefgh", limit).size(), std::max<std::size_t>(limit, 3))
        << limit;
  }
}

TEST(PrintableField, EndsAtTheFieldWhenNoZeroDoes) {
  const char field[4] = {'a', 'b', 'c', 'd'};
  EXPECT_EQ(printable_field(field, sizeof(field)), "abcd");
  EXPECT_EQ(printable_field("ab\0cd", 5), "ab");
}

TEST(DidYouMean, NamesTheNearestFirst) {
  const std::vector<std::string> names = {"cpu/dense_f32", "cpu/dense_f64", "cpu/paged_decode_f32"};
  EXPECT_EQ(did_you_mean("cpu/dense_f65", names), " (did you mean cpu/dense_f64, cpu/dense_f32?)");
}

TEST(DidYouMean, ForgivesAMissingFolder) {
  const std::vector<std::string> names = {"cpu/dense_f32", "planted/both_empty_nan"};
  EXPECT_EQ(did_you_mean("dense", names), " (did you mean cpu/dense_f32?)");
}

TEST(DidYouMean, IsSilentWhenNothingIsNear) {
  const std::vector<std::string> names = {"cpu/dense_f32"};
  EXPECT_EQ(did_you_mean("zzzzzzzzzzzzzzzz", names), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

}  // namespace
}  // namespace attest::kernels
