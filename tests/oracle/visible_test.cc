#include "oracle/visible.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::Problem;

Problem one_sequence(std::int64_t q_len, std::int64_t kv_len) {
  Problem p;
  p.sequences = {{.q_len = q_len, .kv_len = kv_len}};
  return p;
}

/// One string per row, '#' where a key is visible.
std::vector<std::string> picture(const Problem& p) {
  std::vector<std::string> rows;
  for (std::int64_t row = 0; row < p.sequences[0].q_len; ++row) {
    std::string line;
    for (std::int64_t key = 0; key < p.sequences[0].kv_len; ++key)
      line += visible(p, 0, row, key) ? '#' : '.';
    rows.push_back(line);
  }
  return rows;
}

using Picture = std::vector<std::string>;

TEST(Visible, WithoutAMaskEverythingIs) {
  EXPECT_EQ(picture(one_sequence(2, 3)), (Picture{"###", "###"}));
}

TEST(Visible, CausalIsAlignedToTheLastTokenByDefault) {
  Problem p = one_sequence(3, 5);
  p.mask.causal = true;
  EXPECT_EQ(picture(p), (Picture{"###..", "####.", "#####"}));
}

TEST(Visible, StartPosMovesTheRows) {
  Problem p = one_sequence(3, 5);
  p.mask.causal = true;
  p.sequences[0].start_pos = 0;
  EXPECT_EQ(picture(p), (Picture{"#....", "##...", "###.."}));
  p.sequences[0].start_pos = 9;
  EXPECT_EQ(picture(p), (Picture{"#####", "#####", "#####"}));
}

TEST(Visible, ACausalRowAtANegativePositionSeesNothing) {
  Problem p = one_sequence(3, 1);
  p.mask.causal = true;
  EXPECT_EQ(picture(p), (Picture{".", ".", "#"}));
}

TEST(Visible, WindowsIncludeBothEdges) {
  Problem p = one_sequence(5, 5);
  p.mask.window_left = 1;
  p.mask.window_right = 2;
  EXPECT_EQ(picture(p), (Picture{"###..", "####.", ".####", "..###", "...##"}));
}

TEST(Visible, AWindowOfZeroIsTheTokenItself) {
  Problem p = one_sequence(2, 4);
  p.mask.window_left = 0;
  p.mask.window_right = 0;
  EXPECT_EQ(picture(p), (Picture{"..#.", "...#"}));
}

TEST(Visible, AHugeWindowDoesNotOverflow) {
  Problem p = one_sequence(2, 2);
  p.mask.window_left = INT64_MAX;
  p.mask.window_right = INT64_MAX;
  p.sequences[0].start_pos = -1;
  EXPECT_EQ(picture(p), (Picture{"##", "##"}));
}

TEST(Visible, AttentionChunksAreAbsolute) {
  Problem p = one_sequence(4, 6);
  p.mask.causal = true;
  p.mask.attention_chunk = 3;
  EXPECT_EQ(picture(p), (Picture{"###...", "...#..", "...##.", "...###"}));
}

TEST(Visible, NegativePositionsHaveChunksOfTheirOwn) {
  Problem p = one_sequence(2, 2);
  p.mask.attention_chunk = 4;
  p.sequences[0].start_pos = -1;
  EXPECT_EQ(picture(p), (Picture{"..", "##"}));
}

TEST(Visible, CustomMaskComesOnTop) {
  Problem p = one_sequence(2, 3);
  p.mask.causal = true;
  p.mask.custom = {{1, 1, 1, 0, 1, 1}};
  EXPECT_EQ(picture(p), (Picture{"##.", ".##"}));
}

/// Tokens 2..6 are the tree   0 - 1 - 3
///                              \ 2 - 4
Problem tree_problem(std::int64_t q_len) {
  Problem p = one_sequence(q_len, 7);
  p.mask.causal = true;
  p.mask.tree = {{.parent = {-1, 0, 0, 1, 2}}};
  return p;
}

TEST(Visible, TreeRowsSeeTheirAncestorsAndTheContext) {
  EXPECT_EQ(picture(tree_problem(5)),
            (Picture{"###....", "####...", "###.#..", "####.#.", "###.#.#"}));
}

TEST(Visible, TreePositionsAreDepths) {
  const Problem p = tree_problem(6);
  const std::int64_t positions[] = {1, 2, 3, 3, 4, 4};
  for (std::int64_t row = 0; row < 6; ++row)
    EXPECT_EQ(query_position(p, 0, row), positions[row]) << row;
  EXPECT_EQ(key_position(p, 0, 6), 4);
}

TEST(Visible, WindowsMeasureDepthInATree) {
  Problem p = tree_problem(5);
  p.mask.window_left = 1;
  EXPECT_EQ(picture(p), (Picture{".##....", "..##...", "..#.#..", "...#.#.", "....#.#"}));
}

TEST(Visible, RowsBeforeTheTreeAreAsUsual) { EXPECT_EQ(picture(tree_problem(7))[1], "##....."); }

TEST(Visible, ATreeMayHaveSeveralRoots) {
  Problem p = one_sequence(3, 3);
  p.mask.tree = {{.parent = {-1, -1, 0}}};
  EXPECT_EQ(picture(p), (Picture{"#..", ".#.", "#.#"}));
}

TEST(Visible, EachSequenceHasItsOwnTree) {
  Problem p = one_sequence(2, 2);
  p.sequences.push_back({.q_len = 1, .kv_len = 1});
  p.mask.tree = {{}, {.parent = {-1}}};
  EXPECT_TRUE(visible(p, 0, 0, 1));
  EXPECT_TRUE(visible(p, 1, 0, 0));
}

TEST(VisibleRange, LeavesNothingVisibleOut) {
  std::int64_t seen = 0, offered = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Problem p =
        tests::random_case(seed, tests::Data::kNormal, {.max_tokens = 16, .max_dim = 1}).problem;
    for (std::int64_t b = 0; b < p.batch(); ++b) {
      const problem::Sequence& s = p.sequences[static_cast<std::size_t>(b)];
      for (std::int64_t row = 0; row < s.q_len; ++row) {
        const auto [first, last] = visible_range(p, b, row);
        ASSERT_LE(0, first);
        ASSERT_LE(first, last);
        ASSERT_LE(last, s.kv_len);
        offered += last - first;
        for (std::int64_t key = 0; key < s.kv_len; ++key) {
          const bool sees = visible(p, b, row, key);
          seen += sees ? 1 : 0;
          ASSERT_TRUE(!sees || (first <= key && key < last))
              << "seed " << seed << " row " << row << " key " << key;
        }
      }
    }
  }
  EXPECT_GT(seen, 1000);
  EXPECT_LT(offered, 2 * seen);  // and it is worth asking
}

}  // namespace
}  // namespace attest::oracle
