#include "problem/kv_storage.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace attest::problem {
namespace {

Problem two_sequences() {
  Problem problem;
  problem.sequences = {{.q_len = 1, .kv_len = 10}, {.q_len = 1, .kv_len = 7}};
  problem.head_dim_qk = 8;
  problem.head_dim_v = 8;
  return problem;
}

/// Pages of 4; page 5 is a shared prefix.
KvStorage paged() {
  KvStorage storage;
  storage.layout = KvLayout::kPagedNHD;
  storage.page_size = 4;
  storage.num_pages = 8;
  storage.block_table = {{5, 0, 7}, {5, 2}};
  return storage;
}

TEST(KvStorageTest, NamesAreReadBack) {
  for (int i = 0; i < kNumKvLayouts; ++i) {
    const auto layout = static_cast<KvLayout>(i);
    EXPECT_EQ(parse_kv_layout(name_of(layout)), layout);
  }
  EXPECT_EQ(name_of(KvLayout::kPagedNHD), "paged_nhd");
  EXPECT_EQ(parse_kv_layout("nhd"), std::nullopt);
}

TEST(KvStorageTest, GoodStoragesHaveNoError) {
  EXPECT_EQ(find_error(two_sequences(), KvStorage{}), std::nullopt);
  EXPECT_EQ(find_error(two_sequences(), paged()), std::nullopt);
  KvStorage gaps;
  gaps.gap_tokens = 3;
  EXPECT_EQ(find_error(two_sequences(), gaps), std::nullopt);
}

TEST(KvStorageTest, AnEmptySequenceHasAnEmptyRow) {
  Problem problem = two_sequences();
  problem.sequences[0].kv_len = 0;
  KvStorage storage = paged();
  storage.block_table[0] = {};
  EXPECT_EQ(find_error(problem, storage), std::nullopt);
}

TEST(KvStorageTest, EveryBrokenFieldIsNamed) {
  struct Row {
    const char* message;
    std::function<void(Problem&, KvStorage&)> damage;
  };
  const std::vector<Row> rows = {
      {"storage.page_size = 0: must be in [1, 1048576] in layout paged_nhd",
       [](Problem&, KvStorage& s) { s.page_size = 0; }},
      {"storage.num_pages = -1", [](Problem&, KvStorage& s) { s.num_pages = -1; }},
      {"storage.num_pages = 200000000: a pool",
       [](Problem&, KvStorage& s) { s.num_pages = 200'000'000; }},
      {"storage.block_table has 1 rows", [](Problem&, KvStorage& s) { s.block_table.pop_back(); }},
      {"storage.block_table[1] names 3 pages: kv_len 7 in pages of 4 needs exactly 2",
       [](Problem&, KvStorage& s) { s.block_table[1].push_back(1); }},
      {"storage.block_table[0] names 3 pages: kv_len 13",
       [](Problem& p, KvStorage&) { p.sequences[0].kv_len = 13; }},
      {"storage.block_table[0][2] = 8: outside the pool of 8 pages",
       [](Problem&, KvStorage& s) { s.block_table[0][2] = 8; }},
      {"storage.block_table[1][0] = -1: outside the pool",
       [](Problem&, KvStorage& s) { s.block_table[1][0] = -1; }},
      {"storage.block_table[0][2] = 0: the sequence has this page already, at [0][1]",
       [](Problem&, KvStorage& s) { s.block_table[0][2] = 0; }},
      {"storage.block_table[1][1] = 7: shared with [0][2]",
       [](Problem&, KvStorage& s) { s.block_table[1][1] = 7; }},
      {"storage.extra_table_columns = -3",
       [](Problem&, KvStorage& s) { s.extra_table_columns = -3; }},
      {"storage.gap_tokens = 1: must be 0 in layout paged_nhd",
       [](Problem&, KvStorage& s) { s.gap_tokens = 1; }},
      {"storage.page_size = 4: must be 0 in layout contiguous",
       [](Problem&, KvStorage& s) { s.layout = KvLayout::kContiguous; }},
      {"storage.block_table has 2 rows: must be empty in layout padded",
       [](Problem&, KvStorage& s) {
         s.layout = KvLayout::kPadded;
         s.page_size = s.num_pages = 0;
       }},
      {"storage.gap_tokens = -1",
       [](Problem&, KvStorage& s) {
         s = {};
         s.gap_tokens = -1;
       }},
      {"storage of layout padded holds 4294967296 elements",
       [](Problem& p, KvStorage& s) {
         s = {};
         s.layout = KvLayout::kPadded;
         p.sequences.resize(4096);
         p.sequences[9].kv_len = 131072;
       }},
      {"v_is_k_prefix = false: must be true in layout mla_latent",
       [](Problem&, KvStorage& s) { s.layout = KvLayout::kMlaLatent; }},
      {"head_dim_v = 4: must be head_dim_qk, 8, in layout paged_interleaved",
       [](Problem& p, KvStorage& s) {
         s.layout = KvLayout::kPagedInterleaved;
         p.head_dim_qk = 8;
         p.head_dim_v = 4;
       }},
      {"v_is_k_prefix = true: V has a place of its own in layout paged_x_split",
       [](Problem& p, KvStorage& s) {
         s.layout = KvLayout::kPagedXSplit;
         p.v_is_k_prefix = true;
       }},
      {"storage.strides.k.head = -1: must be in [0, 65536]",
       [](Problem&, KvStorage& s) { s.strides.k.head = -1; }},
      {"storage.strides.q.outer = 1: must be in [0, 0]",
       [](Problem&, KvStorage& s) { s.strides.q.outer = 1; }},
      {"storage.strides.lse.lane = 1: must be in [0, 0]",
       [](Problem&, KvStorage& s) { s.strides.lse.lane = 1; }},
      {"storage.strides.o.one_head = true",
       [](Problem&, KvStorage& s) { s.strides.o.one_head = true; }},
      {"storage.strides.v: must be absent where V lies in the buffer of K",
       [](Problem& p, KvStorage& s) {
         p.v_is_k_prefix = true;
         s.strides.v.token = 1;
       }},
      {"storage.strides: a tensor takes",
       [](Problem&, KvStorage& s) {
         s.strides.k.lane = 65536;
         s.num_pages = 1 << 16;
       }},
      {"head_dim_qk = 8: must be a multiple of 16 in layout paged_x_split of e4m3",
       [](Problem& p, KvStorage& s) {
         s.layout = KvLayout::kPagedXSplit;
         p.k_dtype = DType::kE4M3;
       }},
  };
  for (const Row& row : rows) {
    Problem problem = two_sequences();
    KvStorage storage = paged();
    row.damage(problem, storage);
    const std::string error = find_error(problem, storage).value_or("(no error)");
    EXPECT_NE(error.find(row.message), std::string::npos) << error << "\nnot " << row.message;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(ContentOwnerTest, IsTheFirstSequenceThatUsesTheSlot) {
  const Problem problem = two_sequences();
  const KvStorage storage = paged();
  EXPECT_EQ(content_owner(problem, storage, 1, 3), (TokenId{0, 3}));
  EXPECT_EQ(content_owner(problem, storage, 1, 4), (TokenId{1, 4}));
  EXPECT_EQ(content_owner(problem, storage, 0, 9), (TokenId{0, 9}));
  EXPECT_EQ(content_owner(problem, KvStorage{}, 1, 3), (TokenId{1, 3}));
}

TEST(ContentOwnerTest, ASlotBehindAShorterSequenceBelongsToTheLongerOne) {
  Problem problem = two_sequences();
  problem.sequences = {{.q_len = 1, .kv_len = 2}, {.q_len = 1, .kv_len = 4}};
  KvStorage storage = paged();
  storage.block_table = {{5}, {5}};
  EXPECT_EQ(content_owner(problem, storage, 1, 1), (TokenId{0, 1}));
  EXPECT_EQ(content_owner(problem, storage, 1, 2), (TokenId{1, 2}));
}

RC_GTEST_PROP(ContentOwnerTest, OwnsItselfAndLiesInTheSameSlot, ()) {
  const auto batch = *rc::gen::inRange<std::size_t>(1, 5);
  Problem problem;
  KvStorage storage = paged();
  storage.num_pages = 100;
  for (std::size_t b = 0; b < batch; ++b) {
    const auto kv_len = *rc::gen::inRange<std::int64_t>(0, 20);
    problem.sequences.push_back({.q_len = 1, .kv_len = kv_len});
  }
  storage.block_table.assign(batch, {});
  for (std::size_t b = 0; b < batch; ++b) {
    const auto used = static_cast<std::int32_t>((problem.sequences[b].kv_len + 3) / 4);
    for (std::int32_t i = 0; i < used; ++i) {  // two pages to choose from at every index
      storage.block_table[b].push_back(2 * i + *rc::gen::inRange(0, 2));
    }
  }
  RC_ASSERT(!find_error(problem, storage));
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::int64_t t = 0; t < problem.sequences[b].kv_len; ++t) {
      const TokenId owner = content_owner(problem, storage, static_cast<std::int64_t>(b), t);
      RC_ASSERT(content_owner(problem, storage, owner.sequence, owner.token) == owner);
      const auto page = static_cast<std::size_t>(t / 4);
      RC_ASSERT(owner.token == t);
      RC_ASSERT(storage.block_table[static_cast<std::size_t>(owner.sequence)][page] ==
                storage.block_table[b][page]);
    }
  }
}

}  // namespace
}  // namespace attest::problem
