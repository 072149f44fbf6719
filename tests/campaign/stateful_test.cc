// Kernels that remember what they should not, from the search to the replayed file.
#include <algorithm>

#include <gtest/gtest.h>

#include "campaign/campaign.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "kernels/session.h"
#include "properties/harness.h"
#include "tests/corpus/temporary_folder.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::campaign {
namespace {

class StatefulKernel : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Planted, StatefulKernel, ::testing::Values("mask_survives_call"),
                         [](const auto& kernel) { return std::string(kernel.param); });

TEST_P(StatefulKernel, IsFoundWithTheShortestHistoryAndReplays) {
  const tests::TemporaryFolder folder;
  const kernels::KernelInfo info = tests::builtin(std::string("planted/") + GetParam());
  const properties::Property& property = *properties::find_property("oracle.output");
  Options options;
  options.kernels = {info};
  options.properties = {&property};
  options.cases = 400;
  options.jobs = 1;
  options.failures = folder.path() / "failures";
  const Report report = run(options);
  ASSERT_EQ(report.failures.size(), 1u);
  const Failure& failure = report.failures[0];
  EXPECT_TRUE(failure.shrunk) << failure.why_not_shrunk;
  EXPECT_EQ(failure.minimal.history.size(), 1u);
  EXPECT_TRUE(failure.verdict.message.starts_with("after 1 other check on the same kernel object"))
      << failure.verdict.message;
  const std::string text = failure_text(options, failure, "attest");
  EXPECT_NE(text.find("  needs    1 check before it on the same kernel object"), std::string::npos)
      << text;

  problem::Case stored = corpus::read_case(failure.path);
  EXPECT_EQ(stored.history, failure.minimal.history);
  const auto session = kernels::open_session(info, options.session);
  properties::Harness harness(*session);
  for (int time = 0; time < 2; ++time) {
    EXPECT_TRUE(properties::run_check(property, stored, harness).failed());
  }
  stored.history.clear();
  session->restart();
  EXPECT_FALSE(properties::run_check(property, stored, harness).failed());
}

}  // namespace
}  // namespace attest::campaign
