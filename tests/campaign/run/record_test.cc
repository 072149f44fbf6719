#include "campaign/run/record.h"

#include <limits>

#include <gtest/gtest.h>

#include "problem/errors.h"

namespace attest::campaign {
namespace {

RunRecord full_record() {
  RunRecord record;
  record.identity = {"0.1.0 (abc)",
                     "0123",
                     3,
                     1,
                     0xfedcba9876543210,
                     false,
                     true,
                     12,
                     std::nullopt,
                     std::nullopt,
                     "smoke",
                     {},
                     {},
                     "ab"};
  record.identity.kernels.push_back({"cpu/dense_f32", "", "", "cpu"});
  record.identity.kernels.push_back({"mine", "./libmine.so", "ff", "cpu"});
  record.identity.properties = {"oracle.output", "causality.future"};
  record.shard = {1, 8};
  record.arguments = {"fuzz", "--seed", "1"};
  record.directory = "/tmp/some where";
  record.started = "2026-11-26T15:04:05Z";
  record.host = "x86-64";
  record.jobs = 2;
  record.state = RunState::kBroken;
  record.exit_code = 70;
  record.broken = "a lane died";
  record.totals.total_ns = 5;
  record.pairs.push_back({"mine", "oracle.output", 12, 11, 1, 0, 30, 0.25, std::nullopt, "time"});
  record.pairs.push_back({"mine", "causality.future", 4, 0, 0, 0, 0, 0.0, 3, "failure"});
  record.stored.push_back({"a.case.json", "oracle.output", "mine", problem::Status::kPass, "", ""});
  record.stored.push_back({"b.case.json", "oracle.output", "", std::nullopt, "", ""});
  record.failures.push_back({"mine", "causality.future", 3, "causality-future-value",
                             problem::Status::kFail, "value", "too large",
                             std::numeric_limits<double>::infinity(), "failures/x/y.case.json",
                             true, "", 2, ""});
  record.suspicious.push_back({"mine", "oracle.output", 7, "odd", "failures/z.case.json"});
  record.waivers.push_back({"mine", "oracle.lse", "me", "passes"});
  record.labels = 10;
  record.label_pairs_seen = 3;
  return record;
}

TEST(Record, ReadsBackWhatItWrote) {
  const std::string text = write_record(full_record());
  const RunRecord read = parse_record(text, "run.json");
  EXPECT_EQ(write_record(read), text);
  EXPECT_EQ(read.identity, full_record().identity);
  EXPECT_EQ(read.shard, full_record().shard);
  EXPECT_EQ(read.pairs[1].first_failure, 3u);
  EXPECT_EQ(read.failures[0].severity, std::numeric_limits<double>::infinity());
  EXPECT_FALSE(read.stored[1].status);
}

TEST(Record, HoldsNoTerminalEscapes) {
  RunRecord record = full_record();
  record.failures[0].message = "red \x1b[31m and\nanother line";
  const std::string text = write_record(record);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(parse_record(text, "run.json").failures[0].message, "red \\x1b[31m and\\nanother line");
}

TEST(Record, RefusesWhatItWouldNotWrite) {
  const std::string good = write_record(full_record());
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::string wrong[] = {
      broken("\"attest_run\": 1", "\"attest_run\": 2"),
      broken("\"jobs\": 2", "\"jobs\": -2"),
      broken("\"jobs\": 2", "\"jobs\": 2.5"),
      broken("\"jobs\": 2", "\"jobs\": 2, \"jobs\": 2"),
      broken("\"jobs\": 2", "\"jobz\": 2"),
      broken("\"index\": 1", "\"index\": 8"),
      broken("\"state\": \"broken\"", "\"state\": \"fine\""),
      good.substr(0, good.size() / 2),
  };
  for (const std::string& text : wrong) {
    EXPECT_THROW(parse_record(text, "run.json"), CorpusError) << text;
  }
}

}  // namespace
}  // namespace attest::campaign
