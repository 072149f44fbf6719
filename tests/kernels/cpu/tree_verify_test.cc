#include "kernels/cpu/tree_verify.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/cpu/hand_made_call.h"

namespace attest::kernels::cpu {
namespace {

/// The trees of a batch in a call.
struct Forest {
  tests::Lengths lengths;
  std::vector<std::int32_t> indptr{0};
  std::vector<std::int32_t> parents;
  attest_attend call{};
  std::vector<std::uint32_t> room;

  void add(std::int32_t kv_len, const std::vector<std::int32_t>& tree) {
    lengths.add(static_cast<std::int32_t>(tree.size()), kv_len);
    parents.insert(parents.end(), tree.begin(), tree.end());
    indptr.push_back(static_cast<std::int32_t>(parents.size()));
  }

  PackedTree pack(std::int64_t b) {
    call = tests::empty_call(lengths);
    call.causal = 1;
    call.tree_indptr = tests::ints(indptr);
    call.tree_parent = tests::ints(parents);
    room.assign(packed_trees_bytes(call) / sizeof(std::uint32_t), 0xdeadbeef);
    std::uint32_t* own = room.data();
    for (std::int64_t before = 0; before < b; ++before) own += packed_tree_room(call, before);
    return pack_tree(call, sequence_at(call, b), own);
  }
};

TEST(TreeVerify, ADraftDescendsFromItsAncestorsAndItselfOnly) {
  Forest forest;
  forest.add(10, {-1, 0, 0, 2, -1});  // 0 -> 1, 0 -> 2 -> 3, and a second root
  const PackedTree tree = forest.pack(0);
  EXPECT_EQ(tree.start, 5);
  const std::vector<std::vector<int>> sees = {
      {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, {1, 0, 1, 0, 0}, {1, 0, 1, 1, 0}, {0, 0, 0, 0, 1}};
  const std::vector<int> depth = {0, 1, 1, 2, 0};
  for (std::size_t draft = 0; draft < sees.size(); ++draft) {
    EXPECT_EQ(tree.depth[draft], depth[draft]) << draft;
    for (std::size_t other = 0; other < sees.size(); ++other) {
      EXPECT_EQ(tree.sees(static_cast<std::int64_t>(draft), static_cast<std::int64_t>(other)),
                sees[draft][other] == 1)
          << draft << " sees " << other;
    }
  }
}

TEST(TreeVerify, TreesOfManyWordsArePackedToo) {
  Forest forest;
  forest.add(3, {-1, 0});
  std::vector<std::int32_t> chain(100);
  for (int t = 0; t < 100; ++t) chain[static_cast<std::size_t>(t)] = t - 1;
  chain[70] = 3;
  forest.add(100, chain);
  const PackedTree tree = forest.pack(1);
  EXPECT_EQ(tree.start, 0);
  EXPECT_EQ(tree.depth[69], 69);
  EXPECT_EQ(tree.depth[99], 33);  // 70 hangs on 3
  for (std::int64_t other = 0; other < 100; ++other) {
    EXPECT_EQ(tree.sees(99, other), other <= 3 || other >= 70) << other;
  }
}

TEST(TreeVerify, ASequenceWithoutATreeHasNone) {
  Forest forest;
  forest.add(7, {});
  forest.add(2, {-1});
  const PackedTree tree = forest.pack(0);
  EXPECT_EQ(tree.size, 0);
  EXPECT_EQ(tree.start, 7);
}

}  // namespace
}  // namespace attest::kernels::cpu
