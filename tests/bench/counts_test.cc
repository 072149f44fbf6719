#include "bench/gpu/counts.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace attest::bench {
namespace {

attest_tensor tensor(std::int32_t dtype, std::vector<std::int64_t> shape) {
  static float somewhere;
  attest_tensor made{};
  made.data = &somewhere;
  made.dtype = dtype;
  made.rank = static_cast<std::int32_t>(shape.size());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) made.shape[axis] = shape[axis];
  return made;
}

attest_ints ints(const std::vector<std::int32_t>& values) {
  return {values.data(), nullptr, static_cast<std::int64_t>(values.size())};
}

class AttendCounts : public ::testing::Test {
 protected:
  AttendCounts() {
    call_.batch = 2;
    call_.num_q_heads = 4;
    call_.num_kv_heads = 2;
    call_.head_dim_qk = 16;
    call_.head_dim_v = 8;
    call_.cu_seqlens_q = ints(rows_);
    call_.kv_len = ints(lengths_);
    call_.start_pos = ints(positions_);
    call_.q = tensor(ATTEST_F16, {4, 4, 16});
    call_.o = tensor(ATTEST_F16, {4, 4, 8});
    call_.k = tensor(ATTEST_E4M3, {100, 16, 2, 16});  // a pool larger than what is read
    call_.v = tensor(ATTEST_E4M3, {100, 16, 2, 8});
    call_.v.data = &other_;
  }

  std::vector<std::int32_t> rows_{0, 3, 4}, lengths_{3, 5}, positions_{0, 4};
  float other_ = 0;
  attest_attend call_{};
};

TEST_F(AttendCounts, AMultiplyAddOverAVisibleKeyIsTwoOperations) {
  call_.causal = 1;
  const double pairs = 1 + 2 + 3 + 5;
  EXPECT_EQ(counts_of(call_).flops, 2 * pairs * 4 * (16 + 8));
  call_.causal = 0;
  EXPECT_EQ(counts_of(call_).flops, 2.0 * (3 * 3 + 5) * 4 * (16 + 8));
}

TEST_F(AttendCounts, RowsBeforeTheFirstKeySeeNothing) {
  call_.causal = 1;
  positions_[0] = -2;
  EXPECT_EQ(counts_of(call_).flops, 2.0 * (0 + 0 + 1 + 5) * 4 * (16 + 8));
}

TEST_F(AttendCounts, TokensAreReadOnceWhateverThePoolHolds) {
  const double rows = 4 * 4 * (16 + 8) * 2;
  const double tokens = (3 + 5) * 2 * (16 + 8);
  EXPECT_EQ(counts_of(call_).bytes, rows + tokens);
}

TEST_F(AttendCounts, ValuesThatAreAPrefixOfTheKeysAreReadWithThem) {
  call_.v.data = call_.k.data;
  EXPECT_EQ(counts_of(call_).bytes, 4 * 4 * (16 + 8) * 2 + (3 + 5) * 2 * 16);
}

TEST(MergeCounts, EveryStateIsReadAndOneWritten) {
  std::vector<attest_state> states(3);
  for (attest_state& state : states) {
    state.o = tensor(ATTEST_F32, {5, 2, 8});
    state.lse = tensor(ATTEST_F32, {5, 2});
  }
  attest_merge merge{};
  merge.num_states = 3;
  merge.states = states.data();
  merge.out = states[0];
  merge.total_q = 5;
  merge.num_q_heads = 2;
  merge.head_dim_v = 8;
  EXPECT_EQ(counts_of(merge).bytes, 4 * (5 * 2 * 8 + 5 * 2) * 4);
  EXPECT_EQ(counts_of(merge).flops, 2 * 3 * 5 * 2 * 8);
}

TEST(AppendCounts, TokensAreReadInOneTypeAndWrittenInAnother) {
  attest_append append{};
  append.num_tokens = 6;
  append.num_kv_heads = 2;
  append.head_dim_qk = 8;
  append.head_dim_v = 4;
  append.k_new = tensor(ATTEST_BF16, {6, 2, 8});
  append.v_new = tensor(ATTEST_BF16, {6, 2, 4});
  append.slot_mapping = tensor(ATTEST_I64, {6});
  append.k = tensor(ATTEST_E4M3, {9, 16, 2, 8});
  append.v = tensor(ATTEST_E4M3, {9, 16, 2, 4});
  EXPECT_EQ(counts_of(append).bytes, 6 * 2 * (8 + 4) * (2 + 1) + 6 * 8);
  EXPECT_EQ(counts_of(append).flops, 0);
}

}  // namespace
}  // namespace attest::bench
