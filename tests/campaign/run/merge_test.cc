// Run folders, on disk.
#include "campaign/run/merge.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "campaign/errors.h"
#include "campaign/run/coverage_file.h"
#include "campaign/run/merge_cases.h"
#include "corpus/case_file.h"
#include "problem/errors.h"
#include "tests/campaign/run/records.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::campaign {
namespace {

namespace fs = std::filesystem;
using tests::add_failure;
using tests::good_record;
using tests::read_text;

std::string line(const std::string& property, std::uint64_t k, const std::string& kernel = "mine") {
  return fmt::format(
      R"({{"type":"test_case","metadata":{{"k":{},"kernel":"{}","property":"{}","class":""}}}})"
      "\n",
      k, kernel, property);
}

std::string a_case(const std::string& note) {
  problem::Case value;
  value.property = "oracle.lse";
  value.kernel = "mine";
  value.note = note;
  value.program.calls.resize(1);
  problem::Problem& problem = value.problem();
  problem.sequences = {problem::Sequence{}};
  problem.num_q_heads = problem.num_kv_heads = problem.head_dim_qk = problem.head_dim_v = 1;
  return corpus::write_case(value);
}

class Merge : public ::testing::Test {
 protected:
  fs::path out() const { return folder_.path() / "out"; }

  /// A run folder as `attest fuzz --out` leaves it.
  fs::path add_run(const RunRecord& record, const std::string& cases,
                   const std::vector<MetLabels>& met = {}) {
    const fs::path path = folder_.path() / fmt::format("run{}", runs_.size());
    fs::create_directories(path);
    save_record(record, path);
    save_coverage(met, path);
    folder_.add(path.filename().string() + "/cases.jsonl", cases);
    for (const FailureRecord& failure : record.failures) {
      fs::create_directories((path / failure.file).parent_path());
      folder_.add((path.filename() / failure.file).string(), a_case(path.filename().string()));
    }
    runs_.push_back(path);
    return path;
  }

  RunRecord shard(std::int64_t index, std::int64_t count = 2) const {
    RunRecord record = good_record();
    record.shard = {index, count};
    return record;
  }

  MergeResult merge() const { return merge_runs({runs_, out(), std::nullopt, {"merge"}}); }

  /// Nothing but the runs is in the folder.
  bool left_nothing() const { return folder_.size() == runs_.size(); }

  tests::TemporaryFolder folder_;
  std::vector<fs::path> runs_;
};

TEST_F(Merge, JoinsWhatARunFolderHolds) {
  RunRecord second = shard(1);
  add_failure(second, "oracle.lse", 3);
  second.failures[0].file = "failures/lse/x.case.json";
  add_run(shard(0),
          line("oracle.output", 0) + line("oracle.output", 2) + line("oracle.lse", 2) +
              line("oracle.lse", 4),
          {{"mine", {"a: 1", "b: 1"}, {{"a: 1", {"b: 1"}}}}});
  add_run(second, line("oracle.output", 1) + line("oracle.lse", 1) + line("oracle.lse", 3),
          {{"mine", {"a: 1", "b: 2"}, {{"a: 1", {"b: 2"}}}}});
  const MergeResult result = merge();
  EXPECT_TRUE(result.notes.empty());
  EXPECT_EQ(result.record.exit_code, 1);
  EXPECT_EQ(read_text(out() / "cases.jsonl"), line("oracle.output", 0) + line("oracle.output", 1) +
                                                  line("oracle.output", 2) + line("oracle.lse", 1) +
                                                  line("oracle.lse", 2) + line("oracle.lse", 3));
  EXPECT_EQ(read_text(out() / "failures/lse/x.case.json"), a_case("run1"));
  EXPECT_EQ(write_record(read_record(out())), write_record(result.record));
  EXPECT_EQ(result.record.labels_seen, 3);
  EXPECT_EQ(result.record.label_pairs_seen, 2);
  EXPECT_EQ(read_coverage(out())[0].labels.size(), 3u);
  EXPECT_NE(read_text(out() / "junit.xml").find("<failure"), std::string::npos);
  EXPECT_EQ(folder_.size(), 3u) << "two runs and the result";
}

TEST_F(Merge, JudgesWaiversOverTheWhole) {
  RunRecord first = shard(0);
  first.waivers.push_back({"mine", "oracle.lse", "ada", "passes"});
  RunRecord second = shard(1);
  add_failure(second, "oracle.lse", 3);
  add_run(first, "");
  add_run(second, "");
  const auto waivers = folder_.add(
      "waivers.json",
      R"([{"property":"oracle.lse","kernel":"*","reason":"r","owner":"o","expires":"2999-01-01"}])");
  const MergeResult result = merge_runs({runs_, out(), waivers, {}});
  EXPECT_TRUE(result.record.waivers.empty());
  EXPECT_EQ(result.record.exit_code, 0);
}

TEST_F(Merge, LeavesNothingBehindWhenItIsRefused) {
  add_run(shard(0), "");
  add_run(shard(0), "");
  EXPECT_THROW(merge(), UsageError);
  EXPECT_TRUE(left_nothing());
}

TEST_F(Merge, WritesIntoNoFolderThatHoldsSomething) {
  add_run(shard(0, 1), "");
  folder_.add("out/precious", "");
  EXPECT_THROW(merge(), UsageError);
  fs::remove(out() / "precious");
  EXPECT_NO_THROW(merge()) << "an empty folder is as good as none";
}

TEST_F(Merge, TakesNoFileFromOutsideTheRun) {
  for (const char* file : {"../secret.case.json", "/etc/secret.case.json", "run.json",
                           "failures/./x.case.json", "failures//../../x.case.json"}) {
    RunRecord record = shard(0, 1);
    runs_.clear();
    add_failure(record, "oracle.lse", 3).file = "";
    add_run(record, "");
    record.failures[0].file = file;
    save_record(record, runs_[0]);
    EXPECT_THROW(merge(), CorpusError) << file;
    EXPECT_TRUE(left_nothing()) << file;
  }
}

TEST_F(Merge, RefusesBrokenFilesOfARun) {
  const auto broken = [&](const std::string& file, const std::string& text) {
    runs_.clear();
    RunRecord record = shard(0, 1);
    add_failure(record, "oracle.lse", 3).file = "failures/x.case.json";
    add_run(record, line("oracle.output", 0));
    fs::remove(runs_[0] / file);
    if (!text.empty()) folder_.add("run0/" + file, text);
    EXPECT_THROW(merge(), CorpusError) << file << ": " << text;
    EXPECT_TRUE(left_nothing()) << file;
  };
  broken("run.json", "");
  broken("run.json", "{}");
  broken("failures/x.case.json", "");
  broken("failures/x.case.json", "{}");
  broken("coverage.json", "[]");
  broken("cases.jsonl", "{}\n");
  broken("cases.jsonl", line("oracle.output", 0) + "{\"type\"");
  broken("cases.jsonl", line("oracle.output", 1) + line("oracle.output", 0));
  broken("cases.jsonl", line("oracle.output", 1) + line("oracle.output", 1));
}

}  // namespace
}  // namespace attest::campaign
