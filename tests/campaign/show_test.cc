#include "campaign/show.h"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "campaign/draw.h"
#include "properties/scene.h"

namespace attest::campaign {
namespace {

/// Two sequences in pages of 2 that share one, a window, a chunk of two rows, poison after it.
StoredCase small_case() {
  problem::Problem problem;
  problem.sequences = {{.q_len = 2, .kv_len = 5, .start_pos = 2}, {.q_len = 1, .kv_len = 2}};
  problem.mask.causal = true;
  problem.mask.window_left = 2;
  StoredCase stored;
  stored.path = "small.case.json";
  stored.value = problem::make_case(problem);
  stored.value.property = "oracle.output";
  stored.value.kernel = "mine/\x1b[31mfast";
  stored.value.storage = {.layout = problem::KvLayout::kPagedNHD,
                          .page_size = 2,
                          .num_pages = 5,
                          .block_table = {{3, 0, 4}, {3}},
                          .extra_table_columns = 1};
  stored.value.poisons = {
      {.place = problem::PoisonPlace::kFuture, .kind = problem::PoisonKind::kNaN}};
  stored.value.expected = problem::Expectation{problem::Status::kFail, "value"};
  stored.value.values.distribution = problem::Distribution::kUniform;
  stored.property = properties::find_property("oracle.output");
  return stored;
}

std::string section(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  return text.substr(begin, text.find(to, begin) - begin);
}

TEST(Show, DrawsGapsOfStridesWhereThereAreSome) {
  StoredCase stored = small_case();
  stored.value.storage.strides.q = {.token = 5, .lane = 1};
  stored.value.storage.strides.k = {.outer = 3, .one_head = true};
  const std::string text = drawing(stored, std::nullopt);
  EXPECT_NE(
      text.find("  free: 1 2\n  gaps after each q token+5 lane+1, k page+3 one head for all\n"),
      std::string::npos)
      << text;
}

TEST(Show, DrawsTableMaskAndPoison) {
  const std::string text = drawing(small_case(), std::nullopt);
  EXPECT_EQ(
      section(text, "problem ", "values "),
      "problem   2 sequences, 3 query rows, 7 keys, 1 query head, head_dim 1, pages of 2, all f32, "
      "scale 1,\n"
      "          causal, window_left 2\n"
      "storage   paged_nhd, pages of 2, a pool of 5 pages\n"
      "  block table of sequence 0: [3* 0 4 junk]\n"
      "  block table of sequence 1: [3* junk]\n"
      "  shared (*): page 3 by sequences 0 1\n"
      "  free: 1 2\n"
      "poison    future filled with nan\n"
      "mask  ('#' visible, '.' hidden, 'N' hidden and nan)\n"
      "  sequence 0: 2 query rows, 5 keys\n"
      "    row  position     key 0\n"
      "    0    2                ##|#.|N\n"
      "    1    3                .#|##|N\n"
      "  sequence 1: 1 query row, 2 keys\n"
      "    row  position     key 0\n"
      "    0    1                ##\n");
  EXPECT_NE(text.find("recorded  fail value\n"), std::string::npos);
  EXPECT_NE(text.find("found on  mine/\\x1b[31mfast\n"), std::string::npos);
}

TEST(Show, SaysOnceWhatEveryVectorOfATensorHolds) {
  const std::string text = drawing(small_case(), std::nullopt);  // queries are 0, keys are not
  EXPECT_EQ(section(text, "  q\n", "  k\n"), "  q\n    all 3 alike                          0\n");
  EXPECT_EQ(text.find("all 7 alike"), std::string::npos) << text;
}

problem::Call call(problem::Op op, std::vector<std::string> names,
                   std::vector<problem::Sequence> sequences) {
  problem::Call result{op, std::move(names), {}};
  result.problem.sequences = std::move(sequences);
  result.problem.mask.window_left = 1;
  return result;
}

TEST(Show, DrawsAProgramCallByCallWithItsPages) {
  using problem::Op;
  StoredCase stored = small_case();
  problem::Case& value = stored.value;
  value.property = "cache.eviction";
  value.kernel = "mine/fast";
  stored.property = properties::find_property(value.property);
  value.program.calls = {
      call(Op::kAppend, {"a", "-"}, {{.q_len = 5, .kv_len = 5}, {.q_len = 1, .kv_len = 0}}),
      call(Op::kFork, {"a", "b"}, {{.q_len = 0, .kv_len = 5}, {.q_len = 0, .kv_len = 5}}),
      call(Op::kAppend, {"b"}, {{.q_len = 1, .kv_len = 6}}),
      call(Op::kRollback, {"b"}, {{.q_len = 1, .kv_len = 5}}),
      call(Op::kAttend, {"b", "a"}, {{.q_len = 1, .kv_len = 5}, {.q_len = 2, .kv_len = 5}}),
  };
  value.storage = {.layout = problem::KvLayout::kPagedNHD, .page_size = 2, .num_pages = 6};
  value.poisons = {{.place = problem::PoisonPlace::kFreePages, .kind = problem::PoisonKind::kNaN}};
  ASSERT_EQ(problem::find_error(value).value_or(""), "");
  const std::string text = drawing(stored, std::nullopt);
  EXPECT_EQ(
      section(text, "problem ", "values "),
      "problem   program of 5 calls: 3 sequences, 3 query rows, 7 keys, 1 query head, head_dim "
      "1, pages of 2,\n"
      "          all f32, scale 1, not causal, window_left 1\n"
      "storage   paged_nhd, pages of 2, a pool of 6 pages, given out last freed first\n"
      "program   (* shared page, () page given back behind the window)\n"
      "   0  append   a +5 = 5, 1 padding token\n"
      "        pages  a [0 1 2]\n"
      "   1  fork     b from a\n"
      "        pages  a [(0) 1* 2*], b [(0) 1* 2*]\n"
      "   2  append   b +1 = 6\n"
      "        pages  a [(0) 1* 2], b [(0) 1* 0]\n"
      "   3  rollback b -1 = 5\n"
      "        pages  a [(0) 1* 2], b [(0) 1* 0]\n"
      "   4  attend   b 1 row over 5, a 2 rows over 5\n"
      "tape      sequence 0 is a, 1 is padding, 2 is b\n"
      "poison    free_pages filled with nan\n");
}

TEST(Show, MarksTheFirstBadElement) {
  const StoredCase stored = small_case();
  Shown shown;
  shown.kernel = "mine/fast";
  shown.verdict = problem::Verdict::fail("value", "wrong", 100.0);
  shown.verdict.where =
      problem::Where{.tensor = "o", .sequence = 0, .row = 1, .head = 0, .lane = 0, .page = 0};
  shown.verdict.expected = 0.5;
  shown.verdict.got = 0.25;
  shown.verdict.bound = 0.0025;
  shown.trace.scene = properties::scene_of(stored.value);
  shown.trace.recorded = true;
  shown.trace.expected.o.assign(3, {.value = 0.5L, .ball = 0, .bound = 0.0025});
  shown.trace.got.o = problem::Elements(problem::DType::kF32, 3);
  for (std::size_t i = 0; i < 3; ++i) shown.trace.got.o.set(i, i == 1 ? 0.25 : 0.5);
  const std::string text = drawing(stored, shown);
  EXPECT_NE(text.find("  block table of sequence 0: [3* >0 4 junk]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  > 1    3                .#|##|N\n"), std::string::npos) << text;
  EXPECT_NE(
      text.find("  o   sequence 0 row 0 head 0 lane 0       0.5   0.5  0.0025            0\n"
                "> o   sequence 0 row 1 head 0 lane 0       0.5  0.25  0.0025          100\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("first bad element: o[sequence 0, row 1, head 0, lane 0] in page 0\n"),
            std::string::npos);
  EXPECT_NE(
      text.find(
          "  row 1 is at position 3; its last visible key is 3, in tile 0 (of 16 keys), slot 1 "
          "of page 0 (block 1)\n"),
      std::string::npos);
}

TEST(Show, ALargeCaseStillFitsAScreen) {
  StoredCase stored = small_case();
  problem::Problem& problem = stored.value.problem();
  problem.sequences.assign(40, {.q_len = 70, .kv_len = 3000});
  problem.num_q_heads = problem.num_kv_heads = 4;
  problem.head_dim_qk = problem.head_dim_v = 64;
  stored.value.storage = {};
  const std::string text = drawing(stored, std::nullopt);
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_LE(line.size(), kScreenColumns) << line;
  EXPECT_LT(count, 200);
  EXPECT_NE(text.find("... and 36 more sequences"), std::string::npos);
}

TEST(Show, ChoosesTheEndsAndTheFocus) {
  EXPECT_EQ(shown_items(3, 6), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(shown_items(100, 4), (std::vector<std::int64_t>{0, 1, 98, 99}));
  EXPECT_EQ(shown_items(100, 6, 50), (std::vector<std::int64_t>{0, 1, 49, 50, 98, 99}));
  EXPECT_EQ(shown_items(100, 6, 99), (std::vector<std::int64_t>{0, 1, 98, 99}));
  EXPECT_EQ(shown_items(0, 6), std::vector<std::int64_t>{});
}

}  // namespace
}  // namespace attest::campaign
