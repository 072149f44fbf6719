#include <string>

#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "campaign/reports/reports.h"
#include "tests/campaign/run/records.h"

namespace attest::campaign {
namespace {

using tests::add_failure;
using tests::good_record;
using tests::nasty_text;

/// The document, after a look at what an XML reader stricter than pugixml would refuse.
pugi::xml_document parsed(const RunRecord& record) {
  const std::string text = junit_xml(record);
  for (const char c : text) {
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n')
        << "character " << static_cast<int>(c);
  }
  EXPECT_EQ(text.find("\xef\xbf\xbe"), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(text.c_str())) << text;
  return document;
}

std::string at(const pugi::xml_document& document, const std::string& xpath) {
  return document.select_node(xpath.c_str()).attribute().value();
}

TEST(JUnit, HasASuitePerKernelAndATestPerProperty) {
  RunRecord record = good_record("first");
  for (PairRecord pair : good_record("second").pairs) record.pairs.push_back(pair);
  const pugi::xml_document document = parsed(record);
  EXPECT_EQ(document.select_nodes("/testsuites/testsuite").size(), 2u);
  EXPECT_EQ(
      document.select_nodes("//testsuite[@name='second']/testcase[@classname='second']").size(),
      2u);
  EXPECT_EQ(at(document, "/testsuites/@tests"), "4");
  EXPECT_EQ(at(document, "/testsuites/@failures"), "0");
  EXPECT_TRUE(document.select_nodes("//failure|//error|//skipped").empty());
}

TEST(JUnit, NamesFileAndLineOfTheProperty) {
  const pugi::xml_document document = parsed(good_record());
  EXPECT_EQ(at(document, "//testcase[@name='oracle.lse']/@file"), "properties/oracle.cc");
  EXPECT_GT(std::stoi(at(document, "//testcase[@name='oracle.lse']/@line")), 1);
}

TEST(JUnit, TellsFailuresWaivedOnesAndWhatWasNotJudged) {
  RunRecord record = good_record();
  add_failure(record, "oracle.output", 3);
  add_failure(record, "oracle.lse", 5).waiver = "known";
  record.pairs.push_back({"mine", "causality.future", 4, 0, 4, 0, 0, 0.0, std::nullopt, "time"});
  record.stored.push_back(
      {"a.case.json", "oracle.lse", "mine", problem::Status::kHang, "hang", "10 s"});
  record.stored.push_back({"b.case.json", "oracle.lse", "", std::nullopt, "", ""});
  const pugi::xml_document document = parsed(record);
  EXPECT_EQ(at(document, "/testsuites/@tests"), "5");
  EXPECT_EQ(at(document, "/testsuites/@failures"), "2");
  EXPECT_EQ(at(document, "/testsuites/@skipped"), "3");
  EXPECT_EQ(at(document, "//testcase[@name='oracle.output']/failure/@type"), "value");
  EXPECT_EQ(at(document, "//testcase[@name='oracle.lse']/skipped/@message"), "waived: known");
  EXPECT_EQ(at(document, "//testcase[contains(@name,'a.case.json')]/failure/@type"), "hang");
  EXPECT_EQ(at(document, "//testcase[@name='causality.future']/skipped/@message"),
            "nothing was judged: 4 cases skipped, 0 inconclusive");
}

TEST(JUnit, OfARunThatDidNotEndHasAnError) {
  RunRecord record = good_record();
  record.state = RunState::kBroken;
  record.broken = "a lane died";
  const pugi::xml_document document = parsed(record);
  EXPECT_EQ(at(document, "/testsuites/@errors"), "1");
  EXPECT_EQ(at(document, "//error/@message"), "broke: a lane died");
}

TEST(JUnit, OfAKernelOfWhichNothingWasJudgedHasAnError) {
  RunRecord record = good_record();
  for (PairRecord& pair : record.pairs) pair.judged = 0;
  const pugi::xml_document document = parsed(record);
  EXPECT_EQ(at(document, "/testsuites/@errors"), "1");
  EXPECT_EQ(at(document, "//error/@message"), "nothing of mine was judged");
}

TEST(JUnit, IsXmlWhateverKernelsAreCalledAndSay) {
  RunRecord record = good_record(nasty_text());
  FailureRecord& failure = add_failure(record, "oracle.output", 3);
  failure.message = failure.failure_class = failure.signature = failure.file = nasty_text();
  failure.waiver = nasty_text();
  add_failure(record, "oracle.lse", 3).message = nasty_text();
  record.stored.push_back({nasty_text(), nasty_text(), nasty_text(), problem::Status::kFail,
                           nasty_text(), nasty_text()});
  record.suspicious.push_back({nasty_text(), "oracle.lse", 1, nasty_text(), ""});
  record.state = RunState::kBroken;
  record.broken = nasty_text();
  record.host = record.identity.version = nasty_text();
  const pugi::xml_document document = parsed(record);
  EXPECT_EQ(document.select_nodes("//testcase").size(), 4u);
  EXPECT_EQ(document.select_nodes("//b").size(), 0u);
  EXPECT_NE(at(document, "//error/@message").find("<b a=\"'\">&amp;</b>"), std::string::npos);
}

}  // namespace
}  // namespace attest::campaign
