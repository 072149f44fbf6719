#include "campaign/arguments.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "campaign/errors.h"

namespace attest::campaign {
namespace {

using std::chrono::milliseconds;

TEST(Arguments, DurationsHaveUnits) {
  EXPECT_EQ(parse_duration("250ms", "--for"), milliseconds(250));
  EXPECT_EQ(parse_duration("10s", "--for"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("10", "--for"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m", "--for"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h", "--for"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("168h", "--for"), milliseconds(604'800'000));
}

TEST(Arguments, WhatIsNoDurationIsRefused) {
  for (const char* text : {"", "s", "10x", "-5s", "+5s", "1.5h", "1e3", " 5s", "5s ", "0", "0s",
                           "169h", "99999999999999999999s", "nan", "0x10s"}) {
    EXPECT_THROW(parse_duration(text, "--for"), UsageError) << text;
  }
}

TEST(Arguments, CountsAreWholeNumbersInRange) {
  EXPECT_EQ(parse_count("1", "--jobs", 1, 8), 1);
  EXPECT_EQ(parse_count("8", "--jobs", 1, 8), 8);
  for (const char* text :
       {"", "0", "9", "-2", "+2", "1.5", "1e0", " 1", "0x1", "one", "18446744073709551617"}) {
    EXPECT_THROW(parse_count(text, "--jobs", 1, 8), UsageError) << text;
  }
}

TEST(Arguments, SeedsAreAnySixtyFourBits) {
  EXPECT_EQ(parse_seed("0", "--seed"), 0u);
  EXPECT_EQ(parse_seed("0xff", "--seed"), 255u);
  EXPECT_EQ(parse_seed("0XFF", "--seed"), 255u);
  EXPECT_EQ(parse_seed("18446744073709551615", "--seed"),
            std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "0x", "-1", "18446744073709551616", "0x10000000000000000", "ff"}) {
    EXPECT_THROW(parse_seed(text, "--seed"), UsageError) << text;
  }
}

TEST(Arguments, AMessageNamesTheOptionAndWhatCame) {
  try {
    parse_count("-2\x1b[31m", "--cases", 1, 10);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_EQ(std::string(error.what()),
              "--cases: expected a whole number from 1 to 10, got '-2\\x1b[31m'");
  }
}

}  // namespace
}  // namespace attest::campaign
