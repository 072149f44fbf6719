// What a campaign does with cases that pass with a suspicion.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "campaign/campaign.h"
#include "campaign/run/make_record.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Verdict;
using properties::Harness;
using tests::fake_property;
using tests::number_of;

problem::Suspicion a_suspicion(double ratio) {
  return {{.tensor = "o", .sequence = 0, .row = 1, .head = 0, .lane = 0}, ratio, 1, 1.5, 0.2, 5};
}

const properties::Property kSuspects =
    fake_property("fake.suspects", [](const Case& value, Harness&) {
      Verdict verdict = Verdict::pass(0.5);
      if (number_of(value) % 7 == 3) verdict.suspicion = a_suspicion(2.5);
      return verdict;
    });
const properties::Property kSuspectsAndFails =
    fake_property("fake.suspects_and_fails", [](const Case& value, Harness&) {
      Verdict verdict = number_of(value) % 7 == 3 ? Verdict::fail("nan", "") : Verdict::pass();
      if (!verdict.failed()) verdict.suspicion = a_suspicion(2.5);
      return verdict;
    });

/// The first case whose number is one that the properties look for.
std::uint64_t first_in_class(const properties::Property& property, const std::string& kernel,
                             std::uint64_t seed) {
  for (std::uint64_t k = 0;; ++k) {
    const Case drawn = properties::draw_case(property, tests::fake_kernel(kernel), seed, k);
    if (number_of(drawn) % 7 == 3) return k;
  }
}

Options suspicious_options(const tests::TemporaryFolder& folder,
                           std::vector<const properties::Property*> properties) {
  Options options;
  options.kernels = {tests::fake_kernel("fake/a"), tests::fake_kernel("fake/b")};
  options.properties = std::move(properties);
  options.cases = 60;
  options.jobs = 2;
  options.failures = folder.path() / "failures";
  options.open = tests::fake_sessions();
  return options;
}

TEST(Suspicious, TheFirstSuspicionIsKeptAndReportedButNoFailure) {
  for (const int jobs : {1, 4}) {
    const tests::TemporaryFolder folder;
    Options options = suspicious_options(folder, {&kSuspects});
    options.jobs = jobs;
    const Report report = run(options);
    EXPECT_EQ(exit_code_of(options, report), 0);
    EXPECT_TRUE(report.failures.empty());
    ASSERT_EQ(report.suspicious.size(), 2u);  // one per kernel, however many cases have it
    for (const SuspiciousCase& suspicious : report.suspicious) {
      const std::string& kernel = options.kernels[suspicious.pair.kernel].name;
      EXPECT_EQ(suspicious.pair.property, &kSuspects);
      EXPECT_EQ(suspicious.k, first_in_class(kSuspects, kernel, options.seed));
      EXPECT_EQ(suspicious.suspicion, a_suspicion(2.5));
      EXPECT_EQ(suspicious.path.parent_path(), options.failures / "suspicious");
      const Case stored = corpus::read_case(suspicious.path);
      EXPECT_EQ(stored, suspicious.value);
      EXPECT_EQ(stored.expected, (problem::Expectation{problem::Status::kPass, ""}));
    }
    for (const PairResult& result : report.pairs) {
      EXPECT_EQ(result.cases, 60);
      EXPECT_EQ(result.stop, Stop::kCases);
    }
    const std::string text = report_text(options, report, "./attest");
    EXPECT_NE(text.find("suspicious  fake/a  fake.suspects\n"), std::string::npos);
    EXPECT_NE(text.find("2.5 times that, again in 5 of 5 repetitions"), std::string::npos);
    EXPECT_NE(text.find(replay_line("./attest", nullptr, report.suspicious[0].path)),
              std::string::npos);
    EXPECT_NE(closing_table(options, report).find("holds, 1 suspicious"), std::string::npos);
  }
}

TEST(Suspicious, AFailureSilencesTheSuspicionsOfItsPair) {
  const tests::TemporaryFolder folder;
  const Options options = suspicious_options(folder, {&kSuspectsAndFails});
  const Report report = run(options);
  EXPECT_EQ(report.failures.size(), 2u);
  EXPECT_TRUE(report.suspicious.empty());
  EXPECT_EQ(exit_code_of(options, report), 1);
}

}  // namespace
}  // namespace attest::campaign
