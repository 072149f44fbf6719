#include "campaign/run/waivers.h"

#include <gtest/gtest.h>

#include "campaign/run/exit_code.h"
#include "problem/errors.h"
#include "tests/campaign/run/records.h"

namespace attest::campaign {
namespace {

using std::chrono::sys_days;
using tests::add_failure;
using tests::good_record;

constexpr sys_days kToday = sys_days(std::chrono::year(2026) / 11 / 26);

Waiver waiver(const std::string& property, const std::string& kernel,
              sys_days expires = kToday + std::chrono::days(30)) {
  return {property, kernel, "known", "ada", expires};
}

std::vector<std::string> notes(RunRecord& record, const std::vector<Waiver>& waivers) {
  apply_waivers(record, waivers, kToday);
  std::vector<std::string> notes;
  for (const WaiverNote& note : record.waivers) notes.push_back(note.what);
  return notes;
}

using Notes = std::vector<std::string>;

TEST(Waivers, CoverAKnownFailure) {
  RunRecord record = good_record();
  add_failure(record, "oracle.lse", 3);
  EXPECT_EQ(exit_code_of(record), 1);
  EXPECT_EQ(notes(record, {waiver("oracle.lse", "mine")}), Notes{});
  EXPECT_EQ(record.failures[0].waiver, "known (ada, until 2026-12-26)");
  EXPECT_EQ(exit_code_of(record), 0);
}

TEST(Waivers, CoverByGlobAndFamily) {
  for (const auto& [property, kernel] :
       {std::pair{"oracle.*", "*"}, std::pair{"oracle", "m?ne"}, std::pair{"*", "mine"}}) {
    RunRecord record = good_record();
    add_failure(record, "oracle.lse", 3);
    notes(record, {waiver(property, kernel)});
    EXPECT_EQ(exit_code_of(record), 0) << property << " " << kernel;
  }
}

TEST(Waivers, CoverNothingElse) {
  RunRecord record = good_record();
  add_failure(record, "oracle.output", 0);
  add_failure(record, "oracle.lse", 3);
  EXPECT_EQ(notes(record, {waiver("oracle.lse", "mine"), waiver("oracle.output", "yours")}),
            Notes{"matches nothing"});
  EXPECT_EQ(record.failures[0].waiver, "");
  EXPECT_EQ(exit_code_of(record), 1);
}

TEST(Waivers, CoverTheStoredCaseOfAKnownFailure) {
  RunRecord record = good_record();
  record.stored.push_back(
      {"a.case.json", "oracle.lse", "mine", problem::Status::kFail, "value", "wrong"});
  EXPECT_EQ(exit_code_of(record), 1);
  EXPECT_EQ(notes(record, {waiver("oracle.lse", "mine")}), Notes{});
  EXPECT_EQ(exit_code_of(record), 0);
}

TEST(Waivers, CoverUntilTheEndOfTheirLastDay) {
  RunRecord record = good_record();
  add_failure(record, "oracle.lse", 3);
  EXPECT_EQ(notes(record, {waiver("oracle.lse", "mine", kToday)}), Notes{});
  EXPECT_EQ(exit_code_of(record), 0);
  EXPECT_EQ(notes(record, {waiver("oracle.lse", "mine", kToday - std::chrono::days(1))}),
            Notes{"expired on 2026-11-25"});
  EXPECT_EQ(exit_code_of(record), 1);
}

TEST(Waivers, AreReportedWhenWhatTheyCoverPasses) {
  RunRecord record = good_record();
  EXPECT_EQ(notes(record, {waiver("oracle.lse", "mine")}), Notes{"passes"});
  EXPECT_EQ(record.waivers[0].owner, "ada");
  EXPECT_EQ(exit_code_of(record), 0);
}

TEST(Waivers, DoNotCallAPassWhatWasNotJudged) {
  RunRecord record = good_record();
  record.pairs[1].judged = 0;
  EXPECT_EQ(notes(record, {waiver("oracle.lse", "mine")}), Notes{});
}

TEST(Waivers, AreReadStrictly) {
  const std::string good =
      R"([{"property": "oracle", "kernel": "*", "reason": "r", "owner": "o", "expires": "2024-02-29"}])";
  const std::vector<Waiver> read = parse_waivers(good, "w.json");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].expires, sys_days(std::chrono::year(2024) / 2 / 29));
  EXPECT_TRUE(parse_waivers("[]", "w.json").empty());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {with("2024-02-29", "2023-02-29"), with("2024-02-29", "2024-2-29"),
        with("2024-02-29", "2024-02-29 "), with("2024-02-29", "+024-02-29"),
        with("2024-02-29", "29.02.2024"), with("\"r\"", "\"\""), with("\"owner\": \"o\", ", ""),
        with("\"owner\": \"o\"", "\"owner\": \"o\", \"by\": 1"), with("\"owner\"", "\"kernel\""),
        with("\"r\"", "7"), with("[{", "{\"a\":[{"), good.substr(1)}) {
    EXPECT_THROW(parse_waivers(text, "w.json"), CorpusError) << text;
  }
}

}  // namespace
}  // namespace attest::campaign
