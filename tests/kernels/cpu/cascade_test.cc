#include "kernels/cpu/cascade.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/cpu/hand_made_call.h"

namespace attest::kernels::cpu {
namespace {

/// Sequences of `lengths` tokens over pages of 4; -1 in a table is junk behind the used prefix.
std::vector<SharingGroup> groups_of(const std::vector<std::int32_t>& kv_len,
                                    const std::vector<std::vector<std::int32_t>>& tables) {
  tests::Lengths lengths;
  std::vector<std::int32_t> table;
  for (std::size_t b = 0; b < kv_len.size(); ++b) {
    lengths.add(1, kv_len[b]);
    table.insert(table.end(), tables[b].begin(), tables[b].end());
  }
  attest_attend call = tests::empty_call(lengths);
  call.layout = ATTEST_LAYOUT_PAGED_NHD;
  call.page_size = 4;
  call.max_blocks = static_cast<std::int32_t>(tables[0].size());
  call.block_table = tests::ints(table);
  return find_groups<CascadeSteps>(call);
}

using Members = std::vector<std::int64_t>;

TEST(Cascade, SequencesThatBeginWithTheSamePagesShareThem) {
  const auto groups = groups_of({12, 5, 10}, {{7, 8, 9}, {1, 2, -1}, {7, 8, 3}});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].members, (Members{0, 2}));
  EXPECT_EQ(groups[0].prefix, 8);
  EXPECT_EQ(groups[1].members, Members{1});
  EXPECT_EQ(groups[1].prefix, 0);
}

TEST(Cascade, APageThatIsNotFullForAllBelongsToTheSuffixes) {
  const auto groups = groups_of({8, 7}, {{7, 8}, {7, 8}});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].prefix, 4);
}

TEST(Cascade, AGroupSharesWhatAllItsMembersShare) {
  const auto groups = groups_of({12, 12, 12}, {{7, 8, 9}, {7, 8, 9}, {7, 1, 9}});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].members, (Members{0, 1, 2}));
  EXPECT_EQ(groups[0].prefix, 4);
}

TEST(Cascade, TableEntriesPastTheUsedPrefixDoNotCount) {
  const auto groups = groups_of({3, 8, 0}, {{7, 8}, {7, 8}, {7, 8}});
  ASSERT_EQ(groups.size(), 3u);  // the first has no full page, the last no page at all
  for (const SharingGroup& group : groups) EXPECT_EQ(group.prefix, 0);
}

TEST(Cascade, PagesSharedInTheMiddleAreNoPrefix) {
  const auto groups = groups_of({8, 8}, {{1, 8}, {2, 8}});
  EXPECT_EQ(groups.size(), 2u);
}

}  // namespace
}  // namespace attest::kernels::cpu
