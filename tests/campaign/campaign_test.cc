#include "campaign/campaign.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "campaign/errors.h"
#include "campaign/file_failures.h"
#include "campaign/run/make_record.h"
#include "campaign/table.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

using problem::Case;
using problem::Verdict;
using properties::Harness;
using tests::fake_property;
using tests::number_of;

const properties::Property kHolds =
    fake_property("fake.holds", [](const Case&, Harness&) { return Verdict::pass(0.5); });
const properties::Property kSkips = fake_property(
    "fake.skips", [](const Case&, Harness&) { return Verdict::skipped("never mine"); });
const properties::Property kFails = fake_property("fake.fails", [](const Case& value, Harness&) {
  return number_of(value) % 7 == 3 ? Verdict::fail("nan", "a multiple of 7, plus 3")
                                   : Verdict::pass();
});

Options options_for(const tests::TemporaryFolder& folder,
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

std::uint64_t first_failing(const Options& options, const std::string& kernel) {
  for (std::uint64_t k = 0;; ++k) {
    if (number_of(properties::draw_case(kFails, tests::fake_kernel(kernel), options.seed, k)) % 7 ==
        3) {
      return k;
    }
  }
}

TEST(Campaign, ANumberOfCasesIsExact) {
  const tests::TemporaryFolder folder;
  Options options = options_for(folder, {&kHolds});
  options.jobs = 3;
  options.cases = 61;
  const Report report = run(options);
  ASSERT_EQ(report.pairs.size(), 2u);
  for (const PairResult& result : report.pairs) {
    EXPECT_EQ(result.cases, 61);
    EXPECT_EQ(result.judged, 61);
    EXPECT_EQ(result.worst, 0.5);
    EXPECT_EQ(result.stop, Stop::kCases);
  }
  EXPECT_EQ(exit_code_of(options, report), 0);
  EXPECT_FALSE(std::filesystem::exists(options.failures));
}

TEST(Campaign, OnAGpuALaneStaysWithAKernelSinceThatTakesLongToOpen) {
  const tests::TemporaryFolder folder;
  Options options = options_for(folder, {&kHolds, &kSkips});
  options.kernels.clear();
  for (int i = 0; i < 8; ++i) {
    options.kernels.push_back(tests::fake_kernel("fake/" + std::to_string(i)));
    options.kernels.back().capabilities.device = ATTEST_CUDA;
  }
  options.session.in_process = true;  // one lane, whose sessions can be counted
  int opened = 0;
  options.open = [&, open = tests::fake_sessions()](const auto& info, const auto& how) {
    ++opened;
    return open(info, how);
  };
  EXPECT_EQ(run(options).pairs.size(), 16u);
  EXPECT_EQ(opened, 8) << "as many cases as were asked for, kernel after kernel";
  opened = 0;
  options.cases.reset();
  options.time = std::chrono::milliseconds(400);
  EXPECT_GT(run(options).pairs[0].cases, 0);
  EXPECT_LE(opened, 17) << "two stays with each, and the one at which time was over";
}

TEST(Campaign, TheFirstFailureDoesNotDependOnTheLanes) {
  for (const int jobs : {1, 2, 5}) {
    const tests::TemporaryFolder folder;
    Options options = options_for(folder, {&kFails, &kHolds});
    options.jobs = jobs;
    const Report report = run(options);
    ASSERT_EQ(report.failures.size(), 2u);
    EXPECT_EQ(report.failures[0].k, first_failing(options, "fake/a"));
    EXPECT_EQ(report.failures[1].k, first_failing(options, "fake/b"));
    for (const Failure& failure : report.failures) {
      EXPECT_EQ(failure.verdict.failure_class, "nan");
      const Case stored = corpus::read_case(failure.path);
      EXPECT_EQ(stored, failure.minimal);
      EXPECT_EQ(stored.expected, (problem::Expectation{problem::Status::kFail, "nan"}));
    }
    EXPECT_EQ(report.pairs[0].stop, Stop::kFailure);
    EXPECT_EQ(report.pairs[1].stop, Stop::kCases);
    EXPECT_EQ(exit_code_of(options, report), 1);
  }
}

TEST(Campaign, TheLogOfCasesDoesNotDependOnTheLanes) {
  std::string first;
  for (const int jobs : {1, 4}) {
    const tests::TemporaryFolder folder;
    Options options = options_for(folder, {&kFails, &kHolds, &kSkips});
    options.jobs = jobs;
    options.out = folder.path() / "run";
    options.record.reset();
    run(options);
    const std::string text = tests::read_text(folder.path() / "run" / "cases.jsonl");
    if (jobs == 1) first = text;
    EXPECT_EQ(text, first);
  }
  EXPECT_NE(first.find(R"("metadata":{"kernel":"fake/a","property":"fake.fails","k":0,)"),
            std::string::npos);
}

TEST(Campaign, WithoutASingleJudgedCheckNothingIsProved) {
  const tests::TemporaryFolder folder;
  const Options options = options_for(folder, {&kSkips});
  const Report report = run(options);
  EXPECT_EQ(exit_code_of(options, report), 2);
  const std::string table = closing_table(options, report);
  EXPECT_NE(table.find("inconclusive"), std::string::npos);
  EXPECT_NE(table.find("fake/b  fake.skips  60 cases: 60 skipped, 0 inconclusive"),
            std::string::npos);
  EXPECT_EQ(table.find("holds"), std::string::npos);
}

TEST(Campaign, WithoutPairsThereIsNothingToDo) {
  const tests::TemporaryFolder folder;
  Options options = options_for(folder, {&kHolds});
  options.kernels.clear();
  EXPECT_THROW(run(options), NothingToDo);
}

TEST(Campaign, FewLanesShareAGpuAndOneRunsInThisProcess) {
  Options options;
  options.kernels.resize(2);
  const int cores = lanes_of(options);
  EXPECT_GE(cores, 1);
  options.kernels[1].capabilities.device = ATTEST_CUDA;
  EXPECT_EQ(lanes_of(options), std::min(cores, kDeviceLanes));
  options.jobs = 32;
  EXPECT_EQ(lanes_of(options), 32);
  options.session.in_process = true;
  EXPECT_EQ(lanes_of(options), 1);
}

TEST(Campaign, ATimeIsKeptAndEveryPairGetsAShareOfIt) {
  const tests::TemporaryFolder folder;
  Options options = options_for(folder, {&kHolds, &kSkips});
  options.cases.reset();
  options.time = std::chrono::milliseconds(200);
  const Report report = run(options);
  EXPECT_GE(report.search, std::chrono::milliseconds(200));
  EXPECT_LT(report.search, std::chrono::seconds(20));
  for (const PairResult& result : report.pairs) {
    EXPECT_GT(result.cases, 0);
    EXPECT_EQ(result.stop, Stop::kTime);
  }
}

TEST(Campaign, ALaneThatDiesNamesItsCaseAndCostsNoResult) {
  static const properties::Property dies = fake_property("fake.dies", [](const Case&, Harness&) {
    static int runs = 0;  // of this lane
    if (++runs == 4) std::raise(SIGKILL);
    return Verdict::pass();
  });
  const tests::TemporaryFolder folder;
  Options options = options_for(folder, {&dies});
  options.jobs = 1;
  const Report report = run(options);
  const std::string& what = report.broken;
  EXPECT_NE(what.find("case "), std::string::npos) << what;
  EXPECT_NE(what.find(" of fake.dies on fake/"), std::string::npos) << what;
  EXPECT_NE(what.find("(seed 1): signal 9"), std::string::npos) << what;
  // What was judged until then is still told.
  std::int64_t judged = 0;
  for (const PairResult& pair : report.pairs) judged += pair.judged;
  EXPECT_GT(judged, 0);
}

TEST(Campaign, AFlakyFailureIsAFindingOfItsOwn) {
  // Fails in the fifth run of each process and never again: the search sees it, a rerun sometimes.
  static int runs = 0;
  static const properties::Property flaky = fake_property("fake.flaky", [](const Case&, Harness&) {
    return ++runs == 5 ? Verdict::fail("nan", "once") : Verdict::pass();
  });
  const tests::TemporaryFolder folder;
  Options options = options_for(folder, {&flaky});
  options.kernels.resize(1);
  options.jobs = 1;
  const Report report = run(options);
  ASSERT_EQ(report.failures.size(), 1u);
  const Failure& failure = report.failures[0];
  EXPECT_EQ(failure.verdict.status, problem::Status::kFlaky);
  EXPECT_EQ(failure.verdict.failure_class, "nan");
  EXPECT_TRUE(failure.verdict.message.starts_with("failed once, and in 0 of 20 runs"))
      << failure.verdict.message;
  EXPECT_FALSE(failure.shrunk);
  EXPECT_EQ(exit_code_of(options, report), 1);
  EXPECT_NE(failure_text(options, failure, "attest").find("FLAKY fake/a  fake.flaky"),
            std::string::npos);
}

TEST(Campaign, AFailureEndsWithOneLineThatReplaysIt) {
  const tests::TemporaryFolder folder;
  const Options options = options_for(folder, {&kFails});
  const Report report = run(options);
  const std::string text = failure_text(options, report.failures[0], "./attest");
  const std::string last =
      "\n  ./attest replay " + shell_word(report.failures[0].path.string()) + "\n";
  EXPECT_TRUE(text.ends_with(last)) << text;
  EXPECT_NE(text.find("minimal: of "), std::string::npos) << text;
}

TEST(Campaign, OracleFailuresAreShrunkFirst) {
  static const properties::Property other =
      fake_property("algebra.fake", [](const Case&, Harness&) { return Verdict::fail("nan", ""); });
  static const properties::Property oracle =
      fake_property("oracle.fake", [](const Case&, Harness&) { return Verdict::fail("nan", ""); });
  const tests::TemporaryFolder folder;
  Options options = options_for(folder, {&other, &kFails, &oracle});
  options.max_shrinks = 2;
  const Report report = run(options);
  ASSERT_EQ(report.failures.size(), 6u);
  for (const Failure& failure : report.failures) {
    EXPECT_EQ(failure.shrunk, failure.pair.property != &kFails) << failure.pair.property->id;
    EXPECT_TRUE(std::filesystem::exists(failure.path));
  }
}

TEST(Campaign, AnInterruptedOneReportsWhatItDid) {
  const tests::TemporaryFolder folder;
  // In a process of its own, since an interruption is never forgotten.
  const pid_t child = fork();
  if (child == 0) {
    Options options = options_for(folder, {&kFails, &kHolds});
    options.cases.reset();
    options.time = std::chrono::hours(1);
    if (fork() == 0) {
      usleep(300'000);
      kill(getppid(), SIGINT);
      _exit(0);
    }
    const Report report = run(options);
    const bool whole = report.interrupted && report.pairs.size() == 4 &&
                       report.pairs[1].cases > 0 && report.pairs[1].stop == Stop::kInterrupted &&
                       report.failures.size() == 2 && !report.failures[0].shrunk &&
                       std::filesystem::exists(report.failures[0].path) &&
                       exit_code_of(options, report) == 1;
    _exit(whole ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace attest::campaign
