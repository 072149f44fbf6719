#include "campaign/table.h"

#include <limits>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "campaign/progress.h"
#include "campaign/sharpness.h"

namespace attest::campaign {
namespace {

using std::chrono::milliseconds;

TEST(Text, NumbersReadLikeNumbers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-1234), "-1,234");
  EXPECT_EQ(grouped(-123), "-123");
  EXPECT_EQ(ratio_text(0), "0");
  EXPECT_EQ(ratio_text(0.4142), "0.414");
  EXPECT_EQ(ratio_text(320000), "3.2e+05");
  EXPECT_EQ(ratio_text(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(duration_text(milliseconds(850)), "850 ms");
  EXPECT_EQ(duration_text(milliseconds(12'300)), "12.3 s");
  EXPECT_EQ(duration_text(milliseconds(245'000)), "4 min 05 s");
  EXPECT_EQ(plural(1, "property"), "1 property");
  EXPECT_EQ(plural(2, "property"), "2 properties");
  EXPECT_EQ(plural(1200, "key"), "1,200 keys");
}

TEST(Text, ATableAlignsNumbersRightAndWordsLeft) {
  EXPECT_EQ(
      table_text(
          {{"kernel", "cases", "verdict"}, {"a", "1,000", "holds"}, {"longer", "7", "FAILS"}}),
      "kernel  cases  verdict\n"
      "a       1,000  holds\n"
      "longer      7  FAILS\n");
}

TEST(Text, ListsFoldAtAHundredColumns) {
  const std::string text = folded("names: ", std::vector<std::string>(20, "twelve_bytes"), "  ");
  std::size_t begin = 0;
  int lines = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 100u);
    begin = end + 1;
    ++lines;
  }
  EXPECT_EQ(lines, 3);
  EXPECT_EQ(folded("one: ", {"x"}, "  "), "one: x\n");
}

TEST(Text, AReplayLineCanBePasted) {
  EXPECT_EQ(shell_word("attest-failures/oracle-output-01.case.json"),
            "attest-failures/oracle-output-01.case.json");
  EXPECT_EQ(shell_word("it's here"), "'it'\\''s here'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("$(reboot)"), "'$(reboot)'");
  kernels::KernelInfo plugin;
  plugin.library = "./lib mine.so";
  EXPECT_EQ(replay_line("./attest", &plugin, "a.case.json"),
            "./attest replay --kernel './lib mine.so' a.case.json");
  EXPECT_EQ(replay_line("./attest", nullptr, "a.case.json"), "./attest replay a.case.json");
}

TEST(Text, APlaceLeavesOutWhatDoesNotApply) {
  EXPECT_EQ(where_text({.tensor = "o", .sequence = 0, .row = 3, .head = 1, .lane = 5, .page = 7}),
            "o[sequence 0, row 3, head 1, lane 5] in page 7");
  EXPECT_EQ(where_text({.tensor = "k_cache"}), "k_cache");
}

TEST(Text, ASuspicionSaysHowMuchAndHowOften) {
  const problem::Suspicion suspicion{
      {.tensor = "lse", .sequence = 0, .row = 3, .head = 1}, 2.5, 1.0, 1.25, 0.1, 5};
  EXPECT_EQ(suspicion_text(suspicion),
            "lse[sequence 0, row 3, head 1] = 1.25, statistically expected 1 +- 0.1: 2.5 times "
            "that, again in 5 of 5 repetitions");
}

TEST(Text, SharpnessIsAWeightErrorOrNothing) {
  EXPECT_EQ(sharpness_text(3.14e-5), "a weight error of 3.1e-05");
  EXPECT_EQ(sharpness_text(0.25), "a weight error of 0.25");
  EXPECT_EQ(sharpness_text(std::numeric_limits<double>::infinity()),
            "no error of any key's weight");
}

TEST(Text, KernelsWithNothingToRunAreNamedTheFirstFew) {
  Options options;
  Report report;
  for (int i = 0; i < 10; ++i) options.kernels.emplace_back().name = "k" + std::to_string(i);
  const std::string text = closing_table(options, report);
  EXPECT_NE(text.find("applies to them: k0, k1, k2, k3, k4, k5, k6, k7, and 2 more\n"),
            std::string::npos)
      << text;
  options.kernels.resize(9);
  EXPECT_NE(closing_table(options, report).find("k7, k8\n"), std::string::npos);
}

TEST(Sharpness, IsOfTheOutputsThatAPropertyJudges) {
  problem::Case value = problem::make_case({.sequences = {{1, 4}}, .head_dim_v = 2});
  value.values.distribution = problem::Distribution::kNormal;
  value.property = "oracle.output";
  kernels::KernelInfo kernel;
  EXPECT_FALSE(sharpness(value, kernel));  // it cannot even attend
  kernel.operations = ATTEST_OP_ATTEND;
  const std::optional<double> seen = sharpness(value, kernel);
  ASSERT_TRUE(seen);
  EXPECT_GT(*seen, 1e-8);
  EXPECT_LT(*seen, 1e-2);
  for (const char* other : {"oracle.lse", "monoid.tree", "memory.append"}) {
    value.property = other;
    EXPECT_FALSE(sharpness(value, kernel)) << other;
  }
}

TEST(Progress, IsOneLineThatFitsATerminal) {
  ProgressNumbers numbers;
  numbers.phase = "fuzzing";
  numbers.elapsed = milliseconds(10'000);
  numbers.cases = 123'456'789'012;
  numbers.checks = 123'456'789'012;
  numbers.worst = 0.225;
  numbers.failures = 1;
  const std::string text = progress_text(numbers);
  EXPECT_LE(text.size(), 100u);
  EXPECT_EQ(text.substr(0, 17), "10.0 s  fuzzing  ");
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace attest::campaign
