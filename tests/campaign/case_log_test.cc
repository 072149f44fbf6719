#include "campaign/case_log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "corpus/case_file.h"
#include "properties/property.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

TEST(CaseLog, LinesOfAllLanesComeInOrderOfPairsAndCases) {
  const tests::TemporaryFolder folder;
  CaseLog log(folder.path(), 3);
  log.add(2, 1, 0, "pair 1 case 0");
  log.add(0, 0, 1, "pair 0 case 1");
  log.add(1, 0, 10, "pair 0 case 10");
  log.add(1, 0, 0, "pair 0 case 0");
  log.publish(folder.path(), [](std::size_t, std::uint64_t k) { return k < 10; });
  EXPECT_EQ(tests::read_text(folder.path() / "cases.jsonl"),
            "pair 0 case 0\npair 0 case 1\npair 1 case 0\n");
}

TEST(CaseLog, GoesOnWithWhatAnEarlierOneLeft) {
  const tests::TemporaryFolder folder;
  {
    CaseLog log(folder.path(), 2);
    log.add(0, 0, 0, "zero");
    log.add(1, 0, 1, "one");
  }
  CaseLog log(folder.path(), 2);
  log.add(1, 0, 1, "one");  // its lane was killed before it had counted the case
  log.add(1, 0, 3, "three");
  log.publish(folder.path(), [](std::size_t, std::uint64_t) { return true; });
  EXPECT_EQ(tests::read_text(folder.path() / "cases.jsonl"), "zero\none\nthree\n");
}

TEST(CaseLog, ALineHoldsWhatTheObservationSchemaOfHypothesisAsksFor) {
  const properties::Property* property = properties::find_property("oracle.output");
  ASSERT_NE(property, nullptr);
  const problem::Case value =
      properties::draw_case(*property, tests::fake_kernel("fake/\x1b[31m\"x"), 1, 4);
  const auto line = nlohmann::json::parse(
      case_line(4, value, problem::Verdict::fail("nan", "NaN where a number belongs")));
  for (const char* key :
       {"type", "status", "status_reason", "representation", "arguments", "how_generated",
        "features", "coverage", "timing", "metadata", "property", "run_start"}) {
    EXPECT_TRUE(line.contains(key)) << key;
  }
  EXPECT_EQ(line.size(), 12u);
  EXPECT_EQ(line["type"], "test_case");
  EXPECT_EQ(line["status"], "failed");
  EXPECT_EQ(line["status_reason"], "nan");
  EXPECT_EQ(line["metadata"]["k"], 4);
  EXPECT_TRUE(line["features"].contains("layout")) << line["features"];
  EXPECT_EQ(line["metadata"]["kernel"].get<std::string>().find('\x1b'), std::string::npos);
}

TEST(CaseLog, ACaseInALineReadsBack) {
  const properties::Property* property = properties::find_property("oracle.output");
  const problem::Case value = properties::draw_case(*property, tests::fake_kernel("fake/a"), 1, 2);
  const auto line = nlohmann::json::parse(case_line(2, value, problem::Verdict::pass()));
  EXPECT_EQ(corpus::parse_case(line["arguments"].dump(), "a line"), value);
}

}  // namespace
}  // namespace attest::campaign
