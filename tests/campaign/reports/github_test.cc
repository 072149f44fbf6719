#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "campaign/reports/reports.h"
#include "problem/errors.h"
#include "tests/campaign/run/records.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

using tests::add_failure;
using tests::good_record;
using tests::nasty_text;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Whether GitHub's runner would take the line for a command (ActionCommand.cs: the form of today
/// after blanks, the old one anywhere).
bool is_command(const std::string& line) {
  const std::size_t word = line.find_first_not_of(" \t\v\f\r");
  return (word != std::string::npos && line.compare(word, 2, "::") == 0) ||
         line.find("##[") != std::string::npos;
}

RunRecord nasty_record() {
  RunRecord record = good_record(nasty_text());
  FailureRecord& failure = add_failure(record, "oracle.output", 3);
  failure.message = failure.failure_class = failure.signature = failure.file = nasty_text();
  record.stored.push_back({nasty_text(), nasty_text(), nasty_text(), problem::Status::kFail,
                           nasty_text(), nasty_text()});
  record.waivers.push_back({nasty_text(), nasty_text(), nasty_text(), nasty_text()});
  record.state = RunState::kBroken;
  record.broken = nasty_text();
  record.host = record.identity.version = nasty_text();
  return record;
}

TEST(GitHub, GetsNothingToSayOfARunThatHolds) { EXPECT_EQ(github_annotations(good_record()), ""); }

TEST(GitHub, GetsOneErrorPerSignatureAtTheProperty) {
  RunRecord record = good_record();
  add_failure(record, "oracle.output", 3).seen = 7;
  add_failure(record, "oracle.lse", 5);
  const std::vector<std::string> lines = lines_of(github_annotations(record));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].find("::error file=properties/oracle.cc,line="), 0u) << lines[0];
  EXPECT_NE(lines[0].find(",title=oracle.output fails on mine%3A value::"), std::string::npos);
  EXPECT_NE(lines[0].find("seen in 7 cases"), std::string::npos);
}

TEST(GitHub, GetsWarningsForWaivedFailuresWaiversAndAnEarlyEnd) {
  RunRecord record = good_record();
  add_failure(record, "oracle.output", 3).waiver = "known";
  record.waivers.push_back({"mine", "oracle.lse", "ada", "passes"});
  record.state = RunState::kInterrupted;
  const std::vector<std::string> lines = lines_of(github_annotations(record));
  ASSERT_EQ(lines.size(), 3u);
  for (const std::string& line : lines) EXPECT_EQ(line.find("::warning "), 0u) << line;
}

TEST(GitHub, GetsNoGreenSummaryOfAKernelOfWhichNothingWasJudged) {
  RunRecord record = good_record();
  EXPECT_EQ(summary_markdown(record).find("## attest: holds\n"), 0u);
  for (PairRecord& pair : record.pairs) pair.judged = 0;
  EXPECT_EQ(summary_markdown(record).find("## attest: inconclusive\n"), 0u);
  EXPECT_EQ(github_annotations(record).find("::warning "), 0u);
}

TEST(GitHub, GetsAnErrorForAFailingStoredCase) {
  RunRecord record = good_record();
  record.stored.push_back(
      {"a.case.json", "oracle.lse", "mine", problem::Status::kFail, "nan", "no"});
  const std::vector<std::string> lines = lines_of(github_annotations(record));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("stored case a.case.json"), std::string::npos) << lines[0];
}

TEST(GitHub, TakesOneCommandPerAnnotationWhateverKernelsAreCalledAndSay) {
  const std::vector<std::string> lines = lines_of(github_annotations(nasty_record()));
  EXPECT_EQ(lines.size(), 4u);  // the failure, the stored case, the waiver, the early end
  for (const std::string& line : lines) {
    ASSERT_TRUE(line.starts_with("::error ") || line.starts_with("::warning ")) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\r'), std::string::npos);
    EXPECT_EQ(line.find("%0A"), std::string::npos)
        << "the runner would read a line break: " << line;
    // Between the command and its message: file, line and title, and nothing that a title smuggled.
    const std::string properties = line.substr(0, line.find("::", 2));
    EXPECT_LE(std::count(properties.begin(), properties.end(), ','), 2) << properties;
    EXPECT_EQ(std::count(properties.begin() + 2, properties.end(), ':'), 0) << properties;
  }
}

TEST(GitHub, TakesNoCommandFromTextForPeople) {
  for (const std::string text : {"::error::x", "  ::add-mask::x", "ok\n\t::error::x\nok",
                                 "kernel ##[add-mask]x", "##[##[error]x", "\r::error::x"}) {
    bool was_one = false;
    for (const std::string& line : lines_of(text)) was_one |= is_command(line);
    EXPECT_TRUE(was_one) << text;
    for (const std::string& line : lines_of(without_commands(text))) {
      EXPECT_FALSE(is_command(line)) << line;
    }
  }
  const std::string harmless = "a :: b\n\n  c ## [x] ::\n";
  EXPECT_EQ(without_commands(harmless), harmless);
  for (const std::string& line : lines_of(without_commands(record_text(nasty_record())))) {
    EXPECT_FALSE(is_command(line)) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
}

TEST(GitHub, SummaryHasNoMarkupFromKernels) {
  const std::string text = summary_markdown(nasty_record());
  const std::string plain = summary_markdown([] {
    RunRecord record = nasty_record();
    for (std::string* name : {&record.identity.version, &record.broken}) *name = "plain";
    for (PairRecord& pair : record.pairs) pair.kernel = "plain";
    for (FailureRecord& failure : record.failures) {
      failure.kernel = failure.message = failure.failure_class = failure.signature = "plain";
      failure.file = "plain";
    }
    record.stored = {{"plain", "plain", "plain", problem::Status::kFail, "plain", "plain"}};
    record.waivers = {{"plain", "plain", "plain", "plain"}};
    return record;
  }());
  // Every character that could be markup comes from attest itself.
  for (const char mark : {'<', '>', '`', '*', '_', '[', ']', '!', '|', '~', '@', '$', '\\', '"'}) {
    EXPECT_EQ(std::count(text.begin(), text.end(), mark),
              std::count(plain.begin(), plain.end(), mark))
        << mark;
  }
  EXPECT_EQ(lines_of(text).size(), lines_of(plain).size());
  EXPECT_EQ(text.find("https:"), std::string::npos);
}

TEST(GitHub, SummaryIsAppended) {
  const tests::TemporaryFolder folder;
  const auto file = folder.add("summary.md", "before\n");
  append_summary("after\n", file);
  EXPECT_EQ(tests::read_text(file), "before\nafter\n");
  EXPECT_THROW(append_summary("x", folder.path() / "none" / "summary.md"), SystemError);
}

TEST(RecordText, SaysWhatFailsHoldsAndIsWaived) {
  RunRecord record = good_record();
  EXPECT_NE(record_text(record).find("holds"), std::string::npos);
  add_failure(record, "oracle.output", 3);
  add_failure(record, "oracle.lse", 4).waiver = "known";
  const std::string text = record_text(record);
  EXPECT_NE(text.find("FAIL  mine  oracle.output"), std::string::npos) << text;
  EXPECT_NE(text.find("waived  mine  oracle.lse"), std::string::npos) << text;
  EXPECT_NE(text.find("FAILS 1 property, 1 waived"), std::string::npos) << text;
}

}  // namespace
}  // namespace attest::campaign
