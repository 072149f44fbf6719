#include "campaign/card.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "campaign/card_writers.h"
#include "corpus/case_file.h"
#include "kernels/session.h"
#include "tests/campaign/cards.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::campaign {
namespace {

using Json = nlohmann::json;
using tests::small_card;

const std::string kHostile = "planted/<b>&\"'|`\x1b[31m\xe2\x80\xae\xff\n";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Card, ListsWhatKillsNothingAndWhatOneFamilyAloneKills) {
  Card card = small_card();
  ASSERT_EQ(idle_properties(card).size(), 1u);
  EXPECT_EQ(idle_properties(card)[0]->id, "beta.idle");
  EXPECT_TRUE(killed_by_one_family(card).empty());
  card.bugs[0].pairs[0].killed_at.reset();
  const std::vector<Sole> soles = killed_by_one_family(card);
  ASSERT_EQ(soles.size(), 1u);
  EXPECT_EQ(soles[0].family, "beta");
  EXPECT_EQ(soles[0].bugs[0]->name(), "first");
  EXPECT_EQ(idle_properties(card).size(), 2u);
}

TEST(Card, NamesBugsThatAPropertyClaimsAndDoesNotKill) {
  Card card = small_card();
  properties::Property boasts = *card.properties[0];
  boasts.kills = "first, second,elsewhere";
  card.properties[0] = &boasts;
  for (CardBug& bug : card.bugs) bug.pairs[0].property = &boasts;
  const std::vector<Claim> all = claims(card);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].met, std::vector<std::string>{"first"});
  EXPECT_EQ(all[0].unmet, std::vector<std::string>{"second"});
  EXPECT_TRUE(all[1].met.empty());
  EXPECT_EQ(all[1].killed_unnamed, std::vector<std::string>{"first"});
  const std::string text = card_text(card, "attest");
  EXPECT_TRUE(has(text, "alpha.one names, but did not kill: second"));
  EXPECT_TRUE(has(text, "beta.two kills and does not name: first"));
}

TEST(Card, TheExitCodeSaysTheWorst) {
  Card card = small_card();
  EXPECT_EQ(card.exit_code(), 1);
  card.bugs[1].pairs[0].reached = 0;
  EXPECT_EQ(card.bugs[1].fate(), Fate::kNotReached);
  EXPECT_EQ(card.exit_code(), 2);
  card.bugs.resize(1);
  EXPECT_EQ(card.exit_code(), 0);
  card.interrupted = true;
  EXPECT_EQ(card.exit_code(), 2);
}

TEST(Card, TheTextFitsATerminalAndSaysWhatSurvives) {
  const std::string text = card_text(small_card(), "attest");
  EXPECT_TRUE(has(text, "1 of 2 planted bugs killed; cases to the first kill: median 7, most 7"));
  EXPECT_TRUE(has(text, "second  survived: 100 cases, the altered line ran in 4 checks")) << text;
  EXPECT_TRUE(has(text, "properties that kill nothing here: beta.idle"));
  EXPECT_TRUE(has(text, "first  alpha.one (nan), case 2"));
}

TEST(Card, TextFromKernelsIsSafeEverywhere) {
  Card card = small_card(kHostile);
  card.bugs[0].kernel.description = kHostile;
  card.bugs[0].first->verdict.message = kHostile;
  card.bugs[0].pairs[0].failure_class = kHostile;
  for (const std::string& text : {card_text(card, "attest"), card_markdown(card), card_svg(card),
                                  card_stryker(card, source_root())}) {
    for (const unsigned char c : text) ASSERT_TRUE(c == '\n' || (c >= 0x20 && c != 0x7f));
    EXPECT_FALSE(has(text, "\xe2\x80\xae"));
  }
  EXPECT_FALSE(has(card_svg(card), "<b>"));
  EXPECT_TRUE(has(card_svg(card), "&lt;b&gt;&amp;&quot;"));
  EXPECT_TRUE(has(card_markdown(card), "\\<b\\>\\&"));
  EXPECT_FALSE(has(card_markdown(card), "`|"));
}

// ---- mutation-testing-report-schema, the members it requires and the values it allows ----

void expect_location(const Json& location, bool end_needed) {
  for (const char* side : {"start", "end"}) {
    if (!location.contains(side)) {
      EXPECT_TRUE(side == std::string("end") && !end_needed);
      continue;
    }
    EXPECT_GE(location.at(side).at("line").get<int>(), 1);
    EXPECT_GE(location.at(side).at("column").get<int>(), 1);
  }
}

void expect_schema(const Json& report) {
  EXPECT_EQ(report.at("schemaVersion").get<std::string>(), "2.0");
  for (const char* name : {"high", "low"}) {
    EXPECT_TRUE(report.at("thresholds").at(name).is_number_integer());
    EXPECT_LE(report.at("thresholds").at(name).get<int>(), 100);
  }
  EXPECT_TRUE(report.at("framework").at("name").is_string());
  EXPECT_TRUE(report.at("config").is_object());
  std::set<std::string> tests;
  for (const auto& [path, file] : report.at("testFiles").items()) {
    for (const Json& test : file.at("tests")) {
      EXPECT_TRUE(test.at("name").is_string());
      EXPECT_TRUE(tests.insert(test.at("id").get<std::string>()).second) << "ids are unique";
      expect_location(test.at("location"), false);
    }
  }
  const std::set<std::string> statuses{"Killed",       "Survived", "NoCoverage", "CompileError",
                                       "RuntimeError", "Timeout",  "Ignored",    "Pending"};
  std::set<std::string> mutants;
  for (const auto& [path, file] : report.at("files").items()) {
    EXPECT_TRUE(file.at("language").is_string());
    EXPECT_TRUE(file.at("source").is_string());
    for (const Json& mutant : file.at("mutants")) {
      EXPECT_TRUE(mutants.insert(mutant.at("id").get<std::string>()).second) << "ids are unique";
      EXPECT_TRUE(mutant.at("mutatorName").is_string());
      EXPECT_TRUE(statuses.contains(mutant.at("status").get<std::string>()));
      EXPECT_TRUE(mutant.at("testsCompleted").is_number());
      EXPECT_TRUE(mutant.at("duration").is_number());
      expect_location(mutant.at("location"), true);
      for (const char* list : {"coveredBy", "killedBy"}) {
        for (const Json& test : mutant.at(list)) {
          EXPECT_TRUE(tests.contains(test.get<std::string>())) << "of a test in testFiles";
        }
      }
      EXPECT_EQ(mutant.at("status") == "Killed", !mutant.at("killedBy").empty());
    }
  }
}

TEST(Card, TheStrykerReportHasWhatItsSchemaRequires) {
  const Json report = Json::parse(card_stryker(small_card(), source_root()));
  expect_schema(report);
  const Json& mutant = report.at("files").at("kernels/planted/first.cc").at("mutants").at(0);
  EXPECT_EQ(mutant.at("status"), "Killed");
  EXPECT_EQ(mutant.at("killedBy"), Json::parse(R"(["alpha.one", "beta.two"])"));
  EXPECT_EQ(mutant.at("coveredBy"), Json::parse(R"(["alpha.one", "beta.two", "beta.idle"])"));
  const Json& attest = report.at("config").at("attest");
  EXPECT_EQ(attest.at("bugs").at(0).at("casesToFirstKill"), 7);
  EXPECT_EQ(attest.at("bugs").at(0).at("pairs").at(1).at("case"), 39);
  EXPECT_EQ(attest.at("lists").at("killNothing"), Json::parse(R"(["beta.idle"])"));
}

TEST(Card, TheStrykerReportCountsNoUnkilledBugAsDetected) {
  Card card = small_card();
  const auto status = [&] {
    const Json report = Json::parse(card_stryker(card, source_root()));
    expect_schema(report);
    return report.at("files").at("kernels/planted/second.cc").at("mutants").at(0).at("status");
  };
  EXPECT_EQ(status(), "Survived");
  card.bugs[1].ran_out_of_time = true;
  EXPECT_EQ(status(), "Survived");
  card.bugs[1].pairs[0].reached = 0;
  EXPECT_EQ(status(), "NoCoverage");
  card.bugs[1].pairs.clear();
  EXPECT_EQ(status(), "NoCoverage");
}

TEST(Card, TheStrykerReportPointsToTheAlteredLine) {
  Card card = small_card();
  card.bugs[1].kernel = tests::builtin("planted/self_not_attended");
  const tests::TemporaryFolder root;
  std::filesystem::create_directories(root.path() / "kernels/planted");
  root.add("kernels/planted/any_name.cc",
           "// a\nint f() {\n  defect_ran();\n}\n\"planted/self_not_attended\"\n\xff");
  const Json report = Json::parse(card_stryker(card, root.path()));
  expect_schema(report);
  const Json& file = report.at("files").at("kernels/planted/any_name.cc");
  EXPECT_TRUE(file.at("source").get<std::string>().starts_with("// a\nint f()"));
  EXPECT_EQ(file.at("mutants").at(0).at("location"),
            Json::parse(R"({"start":{"line":3,"column":3},"end":{"line":3,"column":15}})"));
}

TEST(Card, IsWrittenWholeAndItsCasesCanBeRead) {
  const tests::TemporaryFolder folder;
  Card card = small_card();
  write_card(card, folder.path() / "out", "attest");
  EXPECT_EQ(card.not_written, "");
  for (const char* name :
       {"mutants.txt", "mutation-report.json", "kill-matrix.svg", "kill-matrix.md"}) {
    EXPECT_FALSE(tests::read_text(folder.path() / "out" / name).empty()) << name;
  }
  EXPECT_EQ(corpus::read_case(card.bugs[0].first->path), card.bugs[0].first->minimal);
  EXPECT_TRUE(has(tests::read_text(folder.path() / "out/mutants.txt"),
                  "attest replay " + card.bugs[0].first->path.string()));
}

TEST(Card, WhatCannotBeWrittenIsNoted) {
  const tests::TemporaryFolder folder;
  folder.add("file", "in the way");
  Card card = small_card();
  write_card(card, folder.path() / "file", "attest");
  EXPECT_FALSE(card.not_written.empty());
  EXPECT_FALSE(card.bugs[0].first->why_not_saved.empty());
  EXPECT_TRUE(has(card_text(card, "attest"), "not saved: "));
  EXPECT_EQ(folder.size(), 1u);
}

}  // namespace
}  // namespace attest::campaign
