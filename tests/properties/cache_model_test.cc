#include "properties/cache_model.h"

#include <set>

#include <gtest/gtest.h>

namespace attest::properties {
namespace {

using Table = std::vector<std::int32_t>;

TEST(BlockManager, GivesOutFreshPagesInOrderAndTheLastFreedFirst) {
  BlockManager blocks(2, 8, 2, 0);
  EXPECT_EQ(blocks.append(0, 3)->slots, (std::vector<std::int64_t>{0, 1, 2}));
  blocks.append(1, 2);
  EXPECT_EQ(blocks.table(0), (Table{0, 1}));
  EXPECT_EQ(blocks.table(1), (Table{2}));
  blocks.free(0);
  EXPECT_EQ(blocks.length(0), 0);
  blocks.append(1, 1);
  EXPECT_EQ(blocks.table(1), (Table{2, 0}));
}

TEST(BlockManager, ARandomOrderIsTheSameForTheSameSeed) {
  const auto tables = [](std::uint64_t seed) {
    BlockManager blocks(1, 64, 1, seed);
    blocks.append(0, 20);
    return blocks.table(0);
  };
  EXPECT_EQ(tables(5), tables(5));
  EXPECT_NE(tables(5), tables(6));
  const Table table = tables(5);
  EXPECT_EQ(std::set<std::int32_t>(table.begin(), table.end()).size(), 20u);
}

TEST(BlockManager, CopiesASharedPageBeforeItIsWritten) {
  BlockManager blocks(2, 8, 4, 0);
  blocks.append(0, 6);
  blocks.fork(0, 1);
  EXPECT_EQ(blocks.users(0), 2);
  EXPECT_EQ(blocks.users(1), 2);
  const auto appended = blocks.append(1, 1);
  ASSERT_TRUE(appended->copy);
  EXPECT_EQ(appended->copy->from, 1);
  EXPECT_EQ(appended->copy->to, 2);
  EXPECT_EQ(appended->copy->slots, 2);
  EXPECT_EQ(appended->slots, (std::vector<std::int64_t>{10}));
  EXPECT_EQ(blocks.table(0), (Table{0, 1}));
  EXPECT_EQ(blocks.table(1), (Table{0, 2}));
  EXPECT_FALSE(blocks.append(0, 1)->copy) << "nobody else has that page any more";
}

TEST(BlockManager, AFullSharedPageIsNotCopied) {
  BlockManager blocks(2, 8, 2, 0);
  blocks.append(0, 2);
  blocks.fork(0, 1);
  EXPECT_FALSE(blocks.append(1, 1)->copy);
  EXPECT_EQ(blocks.table(1), (Table{0, 1}));
}

TEST(BlockManager, ARollbackGivesUpWholePagesAndKeepsTheRest) {
  BlockManager blocks(1, 4, 2, 0);
  blocks.append(0, 5);
  blocks.rollback(0, 2);
  EXPECT_EQ(blocks.table(0), (Table{0, 1}));
  EXPECT_EQ(blocks.length(0), 3);
  EXPECT_EQ(blocks.users(2), 0);
  EXPECT_EQ(blocks.append(0, 1)->slots, (std::vector<std::int64_t>{3}));
}

TEST(BlockManager, RolledBackIntoASharedPageIsCopiedToo) {
  BlockManager blocks(2, 8, 2, 0);
  blocks.append(0, 4);
  blocks.fork(0, 1);
  blocks.rollback(1, 1);
  const auto appended = blocks.append(1, 1);
  ASSERT_TRUE(appended->copy);
  EXPECT_EQ(appended->copy->slots, 1);
  EXPECT_EQ(blocks.table(0), (Table{0, 1}));
}

TEST(BlockManager, EvictedPagesAreAnyonesAndStayInTheTable) {
  BlockManager blocks(2, 8, 2, 0);
  blocks.append(0, 5);
  blocks.evict(0, 3);
  EXPECT_EQ(blocks.evicted_pages(0), 1);
  EXPECT_EQ(blocks.table(0), (Table{0, 1, 2}));
  blocks.append(1, 1);
  EXPECT_EQ(blocks.table(1), (Table{0}));
  blocks.evict(0, 1000);
  EXPECT_EQ(blocks.evicted_pages(0), 2) << "the page that is being written stays";
  blocks.rollback(0, 2);  // behind what was given back
  const auto appended = blocks.append(0, 1);
  EXPECT_FALSE(appended->copy);
  EXPECT_NE(blocks.table(0)[1], 1) << "not a page of its own any more";
  blocks.free(0);
  blocks.free(1);
  for (std::int32_t page = 0; page < 8; ++page) EXPECT_EQ(blocks.users(page), 0) << page;
}

TEST(BlockManager, SaysWhenThePoolIsExhausted) {
  BlockManager blocks(1, 2, 2, 0);
  EXPECT_TRUE(blocks.append(0, 4));
  EXPECT_EQ(blocks.most_pages(), 2);
  EXPECT_FALSE(blocks.append(0, 1));
}

}  // namespace
}  // namespace attest::properties
