#include "campaign/run/shard.h"

#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "campaign/errors.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

using Variables = std::map<std::string, std::string>;

ShardChoice from(const Variables& variables, const std::optional<std::string>& argument = {}) {
  return shard_from(
      [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      argument);
}

std::string text_from(const Variables& variables) {
  const ShardChoice choice = from(variables);
  return choice.source.empty() ? "all" : choice.source + " " + shard_text(choice.shard);
}

std::string shard_refusal(const Variables& variables,
                          const std::optional<std::string>& argument = {}) {
  try {
    from(variables, argument);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "taken";
}

TEST(Shard, IsEverythingUnlessSomebodyAsks) {
  EXPECT_EQ(text_from({}), "all");
  EXPECT_EQ(from({}).shard, (Shard{0, 1}));
}

TEST(Shard, OfTheArgumentCountsFromOne) {
  EXPECT_EQ(from({}, "1/8").shard, (Shard{0, 8}));
  EXPECT_EQ(from({}, "8/8").shard, (Shard{7, 8}));
  EXPECT_EQ(from({}, "1/1").shard, (Shard{0, 1}));
}

TEST(Shard, ArgumentThatIsNoneIsRefusedWithTheRange) {
  for (const char* text :
       {"0/8", "9/8", "1/0", "-1/8", "1", "/", "1/", "/8", "1/8/8", "a/b", "1.5/8", " 1/8",
        "1/65537", "1/99999999999999999999", "", "OFF", "\x1b[31m"}) {
    const std::string said = shard_refusal({}, text);
    EXPECT_NE(said.find("K from 1 to N and N up to 65536, or off"), std::string::npos) << said;
    EXPECT_EQ(said.find('\x1b'), std::string::npos);
  }
}

TEST(Shard, OfTheArgumentWinsOverTheEnvironment) {
  const Variables gitlab{{"CI_NODE_INDEX", "2"}, {"CI_NODE_TOTAL", "4"}};
  EXPECT_EQ(from(gitlab, "3/8").shard, (Shard{2, 8}));
  EXPECT_EQ(from(gitlab, "off").shard, (Shard{0, 1}));
  EXPECT_EQ(from({{"CI_NODE_INDEX", "nonsense"}}, "off").source, "");
}

TEST(Shard, OfGoogleTestCountsFromZero) {
  EXPECT_EQ(text_from({{"GTEST_SHARD_INDEX", "0"}, {"GTEST_TOTAL_SHARDS", "3"}}), "GoogleTest 1/3");
  EXPECT_EQ(text_from({{"GTEST_SHARD_INDEX", "2"}, {"GTEST_TOTAL_SHARDS", "3"}}), "GoogleTest 3/3");
}

TEST(Shard, OfASlurmArrayMayBeginAnywhereAndHaveSteps) {
  Variables array{{"SLURM_ARRAY_TASK_ID", "9"},
                  {"SLURM_ARRAY_TASK_MIN", "5"},
                  {"SLURM_ARRAY_TASK_MAX", "11"},
                  {"SLURM_ARRAY_TASK_STEP", "2"},
                  {"SLURM_ARRAY_TASK_COUNT", "4"}};
  EXPECT_EQ(text_from(array), "Slurm 3/4");
  array.erase("SLURM_ARRAY_TASK_STEP");
  array["SLURM_ARRAY_TASK_MAX"] = "9";
  array["SLURM_ARRAY_TASK_COUNT"] = "5";
  EXPECT_EQ(text_from(array), "Slurm 5/5");
}

TEST(Shard, OfASlurmArrayWithGapsHasToBeNamed) {
  // --array=1,2,9: its second task could still be numbered, its third could not.
  for (const char* id : {"1", "2", "9"}) {
    const std::string said = shard_refusal({{"SLURM_ARRAY_TASK_ID", id},
                                            {"SLURM_ARRAY_TASK_MIN", "1"},
                                            {"SLURM_ARRAY_TASK_MAX", "9"},
                                            {"SLURM_ARRAY_TASK_COUNT", "3"}});
    EXPECT_NE(said.find("--shard"), std::string::npos) << said;
  }
}

TEST(Shard, OfKubernetesNeedsTheCountThatItDoesNotGive) {
  EXPECT_EQ(text_from({{"JOB_COMPLETION_INDEX", "4"}, {"ATTEST_SHARDS", "5"}}), "Kubernetes 5/5");
  EXPECT_NE(shard_refusal({{"JOB_COMPLETION_INDEX", "4"}}).find("ATTEST_SHARDS"),
            std::string::npos);
}

TEST(Shard, OfBuildkiteCountsFromZeroAndOfGitLabFromOne) {
  EXPECT_EQ(text_from({{"BUILDKITE_PARALLEL_JOB", "1"}, {"BUILDKITE_PARALLEL_JOB_COUNT", "2"}}),
            "Buildkite 2/2");
  EXPECT_EQ(text_from({{"CI_NODE_INDEX", "1"}, {"CI_NODE_TOTAL", "2"}}), "GitLab 1/2");
}

TEST(Shard, OfAnEngineThatRunsOneJobIsEverything) {
  EXPECT_EQ(text_from({{"CI_NODE_TOTAL", "1"}}), "all");
  EXPECT_EQ(text_from({{"GTEST_TOTAL_SHARDS", "1"}, {"GTEST_SHARD_INDEX", "0"}}), "all");
  EXPECT_EQ(text_from({{"CI_NODE_INDEX", ""}, {"CI_NODE_TOTAL", ""}}), "all");
}

TEST(Shard, NonsenseInTheEnvironmentIsRefusedByName) {
  const std::pair<Variables, const char*> wrong[] = {
      {{{"GTEST_TOTAL_SHARDS", "3"}}, "GTEST_SHARD_INDEX"},
      {{{"GTEST_SHARD_INDEX", "3"}, {"GTEST_TOTAL_SHARDS", "3"}}, "GTEST_SHARD_INDEX"},
      {{{"GTEST_SHARD_INDEX", "-1"}, {"GTEST_TOTAL_SHARDS", "3"}}, "GTEST_SHARD_INDEX"},
      {{{"CI_NODE_INDEX", "0"}, {"CI_NODE_TOTAL", "3"}}, "CI_NODE_INDEX"},
      {{{"CI_NODE_INDEX", "1"}, {"CI_NODE_TOTAL", "many"}}, "CI_NODE_TOTAL"},
      {{{"SLURM_ARRAY_TASK_ID", "1"}}, "SLURM_ARRAY_TASK_MIN"},
      {{{"BUILDKITE_PARALLEL_JOB", "1"}}, "BUILDKITE_PARALLEL_JOB_COUNT"},
  };
  for (const auto& [variables, name] : wrong) {
    EXPECT_NE(shard_refusal(variables).find(name), std::string::npos) << shard_refusal(variables);
  }
}

TEST(Shard, OfTwoEnginesIsTakenOnlyWhenTheyAgree) {
  Variables both{{"GTEST_SHARD_INDEX", "1"},
                 {"GTEST_TOTAL_SHARDS", "4"},
                 {"CI_NODE_INDEX", "2"},
                 {"CI_NODE_TOTAL", "4"}};
  EXPECT_EQ(text_from(both), "GoogleTest 2/4");
  both["CI_NODE_INDEX"] = "3";
  EXPECT_NE(shard_refusal(both).find("GoogleTest asks for part 2/4 and GitLab for 3/4"),
            std::string::npos);
}

TEST(Shard, TouchesTheStatusFileOfATestRunner) {
  const tests::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "status";
  Variables variables{{"GTEST_SHARD_INDEX", "0"},
                      {"GTEST_TOTAL_SHARDS", "2"},
                      {"GTEST_SHARD_STATUS_FILE", file.string()}};
  from(variables, "1/2");
  EXPECT_FALSE(std::filesystem::exists(file)) << "the environment was not heeded";
  from(variables);
  EXPECT_TRUE(std::filesystem::exists(file));
  variables["GTEST_SHARD_STATUS_FILE"] = (folder.path() / "none" / "status").string();
  EXPECT_NE(shard_refusal(variables).find("GTEST_SHARD_STATUS_FILE"), std::string::npos);
}

}  // namespace
}  // namespace attest::campaign
