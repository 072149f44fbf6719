// A campaign that is killed, however often and whenever, ends as one that was left alone.
#include <csignal>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "campaign/campaign.h"
#include "campaign/errors.h"
#include "campaign/run/record.h"
#include "problem/errors.h"
#include "tests/campaign/fakes.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;
using problem::Case;
using problem::Verdict;
using properties::Harness;
using tests::fake_property;
using tests::number_of;

const properties::Property kSlowlyHolds =
    fake_property("fake.holds", [](const Case& value, Harness&) {
      return Verdict::pass(static_cast<double>(number_of(value)) / 2000);
    });
const properties::Property kSlowlySkips =
    fake_property("fake.skips", [](const Case& value, Harness&) {
      return number_of(value) % 3 == 0 ? Verdict::skipped("not mine") : Verdict::pass();
    });
// Late enough that most kills come before it.
const properties::Property kSlowlyFails =
    fake_property("fake.fails", [](const Case& value, Harness&) {
      return number_of(value) == 500 ? Verdict::fail("nan", "number 500") : Verdict::pass();
    });

Options options_in(const fs::path& folder) {
  Options options;
  options.kernels = {tests::fake_kernel("fake/a"), tests::fake_kernel("fake/b")};
  options.properties = {&kSlowlyHolds, &kSlowlySkips, &kSlowlyFails};
  options.cases = 16'000;
  options.jobs = 2;
  options.record = 30;
  options.out = folder;
  options.open = tests::fake_sessions();
  return options;
}

/// The campaign in a process of its own, killed after so many microseconds. Whether it was over.
bool run_killed(Options options, useconds_t after) {
  options.resume = fs::exists(*options.out / "run.json");
  const pid_t child = fork();
  if (child == 0) {
    try {
      run(options);
    } catch (const UsageError& error) {
      _exit(std::string(error.what()).ends_with("this run is done") ? 0 : 3);
    }
    _exit(0);
  }
  if (after > 0) {
    usleep(after);
    kill(child, SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// All files of a folder by name, without times and places.
std::map<std::string, std::string> contents(const fs::path& folder) {
  static const std::regex kVaries(
      R"re( *"(elapsed_ms|search_ms|generate_ns|oracle_ns|kernel_ns|total_ns|started)": .*\n)re"
      R"re(| (time|timestamp)="[^"]*")re");
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    all[entry.path().lexically_relative(folder).string()] =
        std::regex_replace(tests::read_text(entry.path()), kVaries, "");
  }
  return all;
}

TEST(Resume, ACampaignKilledFiftyTimesEndsAsOneLeftAlone) {
  const tests::TemporaryFolder folder;
  ASSERT_TRUE(run_killed(options_in(folder.path() / "alone"), 0));
  int kills = 0;
  unsigned noise = 12345;
  while (kills < 50) {
    noise = noise * 1103515245 + 12345;
    // From before anything is set up to well into the search; later ones would be over.
    if (run_killed(options_in(folder.path() / "killed"), 500 + (noise >> 16) % 12'000)) break;
    ++kills;
  }
  EXPECT_GE(kills, 20) << "the campaign is too short for this test";
  while (!run_killed(options_in(folder.path() / "killed"), 0)) {
  }
  EXPECT_EQ(contents(folder.path() / "killed"), contents(folder.path() / "alone"));
  EXPECT_FALSE(fs::exists(folder.path() / "alone" / "state"));
}

TEST(Resume, WhatWasFoundIsOnDiskBeforeTheEnd) {
  static const properties::Property endless =
      fake_property("fake.endless", [](const Case&, Harness&) {
        usleep(1000);
        return Verdict::pass();
      });
  static const properties::Property wrong = fake_property(
      "fake.wrong", [](const Case&, Harness&) { return Verdict::fail("inf", "always"); });
  const tests::TemporaryFolder folder;
  Options options = options_in(folder.path() / "run");
  options.properties = {&endless, &wrong};
  options.cases = 1'000'000;
  ASSERT_FALSE(run_killed(options, 300'000));
  EXPECT_EQ(read_record(*options.out).state, RunState::kRunning);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(*options.out / "failures" / "fake-wrong-inf")) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 2u);  // a kernel each
}

TEST(Resume, AFolderThatHoldsARunIsNotWrittenOver) {
  const tests::TemporaryFolder folder;
  Options options = options_in(folder.path() / "run");
  options.cases = 5;
  run(options);
  EXPECT_THROW(run(options), UsageError);
  options.resume = true;
  EXPECT_THROW(run(options), UsageError) << "it is done";
}

TEST(Resume, WhatAKillAtTheVeryEndLeftBehindGoesWithTheNextStart) {
  const tests::TemporaryFolder folder;
  Options options = options_in(folder.path() / "run");
  options.cases = 5;
  run(options);
  ASSERT_TRUE(fs::create_directory(*options.out / "state"));
  std::ofstream(*options.out / "state" / "coverage") << "left";
  options.resume = true;
  EXPECT_THROW(run(options), UsageError);
  EXPECT_FALSE(fs::exists(*options.out / "state"));
}

TEST(Resume, OtherArgumentsAreNotTheSameRun) {
  const tests::TemporaryFolder folder;
  Options options = options_in(folder.path() / "run");
  options.cases = 1'000'000;
  ASSERT_FALSE(run_killed(options, 100'000));
  options.resume = true;
  options.seed = 99;
  EXPECT_THROW(run(options), UsageError);
}

TEST(Resume, WithoutARunThereIsNothingToResume) {
  const tests::TemporaryFolder folder;
  Options options = options_in(folder.path() / "run");
  options.resume = true;
  EXPECT_THROW(run(options), UsageError);
  EXPECT_FALSE(fs::exists(*options.out));
}

}  // namespace
}  // namespace attest::campaign
