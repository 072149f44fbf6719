#include "campaign/run/merge_records.h"

#include <gtest/gtest.h>

#include "campaign/errors.h"
#include "campaign/run/exit_code.h"
#include "tests/campaign/run/records.h"

namespace attest::campaign {
namespace {

using tests::add_failure;
using tests::good_record;

/// Shards of a run with `cases` per pair.
std::vector<NamedRecord> shards(std::int64_t count, std::int64_t cases = 10) {
  std::vector<NamedRecord> runs;
  for (std::int64_t index = 0; index < count; ++index) {
    RunRecord record = good_record();
    record.identity.cases = cases;
    record.shard = {index, count};
    for (PairRecord& pair : record.pairs) {
      pair.cases = pair.judged = (cases - index + count - 1) / count;
      pair.sequences = 2 * pair.cases;
      pair.worst = 0.1 * static_cast<double>(index + 1);
    }
    runs.push_back({"run" + std::to_string(index + 1), record});
  }
  return runs;
}

std::string refusal(const std::vector<NamedRecord>& runs) {
  try {
    merge_records(runs);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "merged";
}

TEST(MergeRecords, AddsUpWhatHolds) {
  const MergedRecords merged = merge_records(shards(3));
  const RunRecord& record = merged.record;
  EXPECT_TRUE(merged.notes.empty());
  ASSERT_EQ(record.pairs.size(), 2u);
  EXPECT_EQ(record.pairs[0].property, "oracle.output") << "the order of the run";
  EXPECT_EQ(record.pairs[0].cases, 10);
  EXPECT_EQ(record.pairs[0].judged, 10);
  EXPECT_EQ(record.pairs[0].sequences, 20);
  EXPECT_DOUBLE_EQ(record.pairs[0].worst, 0.1 * 3);
  EXPECT_EQ(record.pairs[0].stop, "cases done");
  EXPECT_EQ(record.state, RunState::kDone);
  EXPECT_EQ(record.exit_code, 0);
  EXPECT_EQ(record.merged.size(), 3u);
  EXPECT_EQ(record.shard, (Shard{0, 1}));
}

TEST(MergeRecords, CountsAFailingPairUpToItsFirstFailure) {
  std::vector<NamedRecord> runs = shards(3, 30);
  add_failure(runs[1].record, "oracle.lse", 10);  // the 4th case of its shard
  runs[1].record.pairs[1].cases = 4;
  add_failure(runs[2].record, "oracle.lse", 20);
  runs[2].record.pairs[1].cases = 7;
  const RunRecord record = merge_records(runs).record;
  EXPECT_EQ(record.pairs[1].first_failure, 10u);
  EXPECT_EQ(record.pairs[1].cases, 11) << "k = 0 ... 10";
  EXPECT_EQ(record.pairs[1].judged, 0) << "how many more ran is chance";
  EXPECT_EQ(record.pairs[1].worst, 0);
  EXPECT_EQ(record.pairs[1].stop, "failure");
  EXPECT_EQ(record.pairs[0].judged, 30);
  EXPECT_EQ(record.exit_code, 1);
}

TEST(MergeRecords, CountsAllOfAPairThatKeptGoing) {
  std::vector<NamedRecord> runs = shards(3, 30);
  for (NamedRecord& run : runs) run.record.identity.keep_going = true;
  for (const int index : {1, 2}) {
    PairRecord& pair = runs[static_cast<std::size_t>(index)].record.pairs[1];
    const PairRecord before = pair;
    add_failure(runs[static_cast<std::size_t>(index)].record, "oracle.lse",
                static_cast<std::uint64_t>(10 * index));
    pair = before;
    pair.first_failure = 10 * index;
  }
  const RunRecord record = merge_records(runs).record;
  EXPECT_EQ(record.pairs[1].first_failure, 10u);
  EXPECT_EQ(record.pairs[1].cases, 30);
  EXPECT_EQ(record.pairs[1].judged, 30);
}

TEST(MergeRecords, TakesTheSmallestOfFailuresWithOneSignature) {
  std::vector<NamedRecord> runs = shards(3, 30);
  add_failure(runs[2].record, "oracle.lse", 20).seen = 2;
  add_failure(runs[1].record, "oracle.lse", 10).seen = 3;
  FailureRecord& other = add_failure(runs[0].record, "oracle.lse", 27);
  other.signature = "oracle.lse-nan-o";
  const MergedRecords merged = merge_records(runs);
  ASSERT_EQ(merged.record.failures.size(), 2u);
  EXPECT_EQ(merged.record.failures[0].signature, "oracle.lse-nan-o") << "nothing is dropped";
  EXPECT_EQ(merged.failure_from[0], 0u);
  EXPECT_EQ(merged.record.failures[1].k, 10u);
  EXPECT_EQ(merged.record.failures[1].seen, 5);
  EXPECT_EQ(merged.failure_from[1], 1u);
}

TEST(MergeRecords, KeepsTheFirstSuspicionOfPairsThatHold) {
  std::vector<NamedRecord> runs = shards(2);
  for (const char* property : {"oracle.output", "oracle.lse"}) {
    runs[0].record.suspicious.push_back({"mine", property, 8, "later", "failures/a.case.json"});
    runs[1].record.suspicious.push_back({"mine", property, 5, "first", "failures/b.case.json"});
  }
  add_failure(runs[0].record, "oracle.lse", 2);
  const MergedRecords merged = merge_records(runs);
  ASSERT_EQ(merged.record.suspicious.size(), 1u);
  EXPECT_EQ(merged.record.suspicious[0].message, "first");
  EXPECT_EQ(merged.suspicion_from[0], 1u);
}

TEST(MergeRecords, JoinsStoredCases) {
  std::vector<NamedRecord> runs = shards(2);
  const auto add = [](NamedRecord& run, const char* path, std::optional<problem::Status> status) {
    run.record.stored.push_back({path, "oracle.lse", "mine", status, "", ""});
  };
  add(runs[0], "b", problem::Status::kPass);
  add(runs[0], "a", std::nullopt);
  add(runs[1], "a", problem::Status::kPass);
  add(runs[1], "b", problem::Status::kFail);
  const std::vector<StoredRecord> stored = merge_records(runs).record.stored;
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].path, "a");
  EXPECT_EQ(stored[0].status, problem::Status::kPass);
  EXPECT_EQ(stored[1].status, problem::Status::kFail);
}

TEST(MergeRecords, OfPartsAndOfMergedPartsIsTheSame) {
  const std::vector<NamedRecord> runs = shards(4);
  const RunRecord first = merge_records({runs[0], runs[2]}).record;
  const RunRecord second = merge_records({runs[3], runs[1]}).record;
  EXPECT_EQ(first.state, RunState::kInterrupted);
  RunRecord stepwise = merge_records({{"first", first}, {"second", second}}).record;
  RunRecord at_once = merge_records(runs).record;
  EXPECT_EQ(stepwise.merged, at_once.merged);
  EXPECT_EQ(stepwise.pairs[0].cases, at_once.pairs[0].cases);
}

TEST(MergeRecords, SaysWhichShardsAreMissing) {
  std::vector<NamedRecord> runs = shards(4);
  runs.erase(runs.begin() + 3);
  runs.erase(runs.begin() + 1);
  const MergedRecords merged = merge_records(runs);
  EXPECT_EQ(merged.notes, std::vector<std::string>{"missing: part 2/4, 4/4"});
  EXPECT_EQ(merged.record.state, RunState::kInterrupted);
  EXPECT_EQ(merged.record.exit_code, 2);
}

TEST(MergeRecords, SaysWhichShardsDidNotFinish) {
  std::vector<NamedRecord> runs = shards(3);
  runs[1].record.state = RunState::kRunning;
  MergedRecords merged = merge_records(runs);
  EXPECT_EQ(merged.notes, std::vector<std::string>{"run2 (part 2/3) is not finished: running"});
  EXPECT_EQ(merged.record.exit_code, 2);
  runs[2].record.state = RunState::kBroken;
  runs[2].record.broken = "a lane died";
  merged = merge_records(runs);
  EXPECT_EQ(merged.record.state, RunState::kBroken);
  EXPECT_EQ(merged.record.broken, "part 3/3: a lane died");
  EXPECT_EQ(merged.record.exit_code, 70);
}

TEST(MergeRecords, RefusesAShardThatComesTwice) {
  std::vector<NamedRecord> runs = shards(3);
  runs.push_back({"again", runs[1].record});
  EXPECT_EQ(refusal(runs), "part 2/3 comes twice, in run2 and again");
  EXPECT_EQ(refusal({{"a", good_record()}, {"b", good_record()}}),
            "part 1/1 comes twice, in a and b");
}

TEST(MergeRecords, RefusesPartsOfDifferentRunsAndNamesTheDifference) {
  const auto differing = [](auto change) {
    std::vector<NamedRecord> runs = shards(2);
    change(runs[1].record);
    return refusal(runs);
  };
  EXPECT_EQ(differing([](RunRecord& record) { record.identity.seed = 2; }),
            "run1 and run2 are not parts of one run: they differ in the seed (1 and 2)");
  EXPECT_NE(differing([](RunRecord& record) { record.identity.binary = "ff"; }).find("the binary"),
            std::string::npos);
  EXPECT_NE(differing([](RunRecord& record) {
              record.identity.kernels[0].hash = "ff";
            }).find("the file of kernel mine"),
            std::string::npos);
  EXPECT_NE(differing([](RunRecord& record) {
              record.identity.properties.pop_back();
            }).find("the number of properties (2 and 1)"),
            std::string::npos);
  EXPECT_NE(differing([](RunRecord& record) {
              record.identity.cases.reset();
            }).find("--cases (10 and none)"),
            std::string::npos);
  EXPECT_NE(
      differing([](RunRecord& record) { record.shard.count = 5; }).find("not parts of one run"),
      std::string::npos);
}

TEST(MergeRecords, TakesOneLibraryFromSeveralPlaces) {
  std::vector<NamedRecord> runs = shards(2);
  for (NamedRecord& run : runs) {
    run.record.identity.kernels[0].library = run.name + "/libmine.so";
    run.record.identity.kernels[0].hash = "0123";
  }
  EXPECT_EQ(refusal(runs), "merged");
  for (NamedRecord& run : runs) run.record.identity.kernels[0].hash = "";
  EXPECT_NE(refusal(runs), "merged");
}

TEST(MergeRecords, KeepsANoteOnAWaiverThatHoldsOfEveryPart) {
  std::vector<NamedRecord> runs = shards(2);
  for (NamedRecord& run : runs) {
    run.record.waivers.push_back({"mine", "oracle.lse", "ada", "passes"});
  }
  runs[0].record.waivers.push_back({"mine", "oracle.output", "ada", "passes"});
  runs[1].record.waivers.push_back({"*", "*", "ada", "expired on 2026-01-31"});
  const std::vector<WaiverNote> notes = merge_records(runs).record.waivers;
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0].property, "oracle.lse");
  EXPECT_EQ(notes[1].what, "expired on 2026-01-31");
}

}  // namespace
}  // namespace attest::campaign
