#include "campaign/case_log.h"

#include <gtest/gtest.h>

#include "problem/errors.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

TEST(CaseLog, LinesOfAllLanesComeInOrderOfPairsAndCases) {
  const tests::TemporaryFolder folder;
  CaseLog log(folder.path() / "run", 3);
  log.add(2, 1, 0, "pair 1 case 0");
  log.add(0, 0, 1, "pair 0 case 1");
  log.add(1, 0, 10, "pair 0 case 10");
  log.add(1, 0, 0, "pair 0 case 0");
  log.publish([](std::size_t, std::uint64_t k) { return k < 10; });
  EXPECT_EQ(tests::read_text(folder.path() / "run" / "cases.jsonl"),
            "pair 0 case 0\npair 0 case 1\npair 1 case 0\n");
}

TEST(CaseLog, UntilItIsPublishedTheFolderIsEmpty) {
  const tests::TemporaryFolder folder;
  {
    CaseLog log(folder.path(), 2);
    log.add(0, 0, 0, "never seen");
    EXPECT_EQ(folder.size(), 0u);
  }
  EXPECT_EQ(folder.size(), 0u);
}

TEST(CaseLog, AFolderThatCannotBeMadeIsAnError) {
  const tests::TemporaryFolder folder;
  const auto file = folder.add("file", "x");
  EXPECT_THROW(CaseLog(file / "run", 1), SystemError);
}

}  // namespace
}  // namespace attest::campaign
