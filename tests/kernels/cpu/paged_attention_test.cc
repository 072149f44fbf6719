// vLLM's layouts, written out by this file element by element from the contract, against the
// definition.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/paged_attention_v2.h"
#include "oracle/expected.h"
#include "problem/inputs.h"
#include "problem/numerics.h"
#include "tests/kernels/cpu/hand_made_call.h"

namespace attest::kernels::cpu {
namespace {

constexpr std::int64_t kX = 4;  // lanes of f32 in 16 bytes

/// Drawn inputs of a decode batch, and the same in x-split pages of `page_size` tokens.
struct Decode {
  problem::Problem problem;
  problem::Inputs inputs;
  std::int64_t page_size;
  std::int64_t num_pages = 0;
  tests::Lengths lengths;
  std::vector<std::int32_t> table;
  std::int32_t max_blocks = 0;
  std::vector<float> q, k, v, o, slopes;

  Decode(const std::vector<std::int64_t>& kv_lens, std::int64_t page, bool alibi)
      : page_size(page) {
    problem.num_kv_heads = 2;
    problem.num_q_heads = 6;
    problem.head_dim_qk = problem.head_dim_v = 32;
    problem.scale = 0.25;
    for (const std::int64_t kv_len : kv_lens) {
      problem.sequences.push_back({.q_len = 1, .kv_len = kv_len, .start_pos = {}});
      lengths.add(1, static_cast<std::int32_t>(kv_len));
    }
    for (int head = 0; alibi && head < 6; ++head) {
      problem.alibi_slopes.push_back(std::ldexp(1.0, -head));
      slopes.push_back(std::ldexp(1.0f, -head));
    }
    inputs = problem::make_inputs(
        problem,
        {.distribution = problem::Distribution::kNormal, .seed = 3, .needle = 0, .overrides = {}},
        {});
    lay_out();
  }

  /// Pages from the last one down, NaN wherever no token lies.
  void lay_out() {
    for (const auto& sequence : problem.sequences) {
      num_pages += pages_of(sequence.kv_len);
      max_blocks = std::max(max_blocks, static_cast<std::int32_t>(pages_of(sequence.kv_len)));
    }
    const auto room = static_cast<std::size_t>(num_pages * problem.num_kv_heads * 32 * page_size);
    q = floats(inputs.q);
    k.assign(room, NAN);
    v.assign(room, NAN);
    o.assign(static_cast<std::size_t>(problem.batch() * problem.num_q_heads * 32), NAN);
    table.assign(static_cast<std::size_t>(problem.batch() * max_blocks), -1);
    std::int64_t next_page = num_pages;
    std::int64_t token = 0;
    for (std::int64_t b = 0; b < problem.batch(); ++b) {
      const std::int64_t kv_len = problem.sequences[static_cast<std::size_t>(b)].kv_len;
      for (std::int64_t key = 0; key < kv_len; ++key, ++token) {
        if (key % page_size == 0) --next_page;
        table[static_cast<std::size_t>(b * max_blocks + key / page_size)] =
            static_cast<std::int32_t>(next_page);
        for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
          for (std::int64_t lane = 0; lane < 32; ++lane) put(next_page, key, head, lane, token);
        }
      }
    }
  }

  void put(std::int64_t page, std::int64_t key, std::int64_t head, std::int64_t lane,
           std::int64_t token) {
    const std::int64_t block = page * problem.num_kv_heads + head;
    const std::int64_t offset = key % page_size;
    const auto from = static_cast<std::size_t>((token * problem.num_kv_heads + head) * 32 + lane);
    k[static_cast<std::size_t>(((block * (32 / kX) + lane / kX) * page_size + offset) * kX +
                               lane % kX)] = static_cast<float>(inputs.k.value(from));
    v[static_cast<std::size_t>((block * 32 + lane) * page_size + offset)] =
        static_cast<float>(inputs.v.value(from));
  }

  std::int64_t pages_of(std::int64_t kv_len) const { return (kv_len + page_size - 1) / page_size; }

  static std::vector<float> floats(const problem::Elements& elements) {
    std::vector<float> out;
    for (std::size_t i = 0; i < elements.size(); ++i)
      out.push_back(static_cast<float>(elements.value(i)));
    return out;
  }

  attest_attend call() {
    attest_attend call = tests::empty_call(lengths);
    call.layout = ATTEST_LAYOUT_PAGED_X_SPLIT;
    call.num_q_heads = 6;
    call.num_kv_heads = 2;
    call.head_dim_qk = call.head_dim_v = 32;
    call.page_size = static_cast<std::int32_t>(page_size);
    call.max_blocks = max_blocks;
    call.num_pages = num_pages;
    call.block_table = tests::ints(table);
    call.scale = problem.scale;
    call.q = tests::packed(q, {problem.batch(), 6, 32});
    call.k = tests::packed(k, {num_pages, 2, 32 / kX, page_size, kX});
    call.v = tests::packed(v, {num_pages, 2, 32, page_size});
    call.o = tests::packed(o, {problem.batch(), 6, 32});
    if (!slopes.empty()) call.alibi_slopes = tests::packed(slopes, {6});
    return call;
  }

  /// Runs the kernel and holds every output to its bound.
  void check(const attest_kernel& kernel) {
    attest_attend call = this->call();
    attest_report report{};
    report.struct_size = sizeof(report);
    std::vector<std::byte> workspace;
    if (kernel.plan != nullptr) {
      attest_plan_result plan{};
      plan.struct_size = sizeof(plan);
      ASSERT_EQ(kernel.plan(nullptr, &call, &plan, &report), ATTEST_OK) << report.message;
      workspace.assign(plan.workspace_bytes, std::byte{0xff});
      call.workspace = workspace.data();
      call.workspace_bytes = workspace.size();
    }
    ASSERT_EQ(kernel.attend(nullptr, &call, &report), ATTEST_OK) << report.message;
    problem::Numerics numerics = problem::generic_numerics(problem::DType::kF32);
    numerics.merge_levels = kernel.numerics.merge_levels;
    const oracle::Expected expected = oracle::expect_attend(problem, inputs, numerics);
    for (std::size_t i = 0; i < o.size(); ++i) {
      const auto& reference = expected.o[i];
      const double error = std::fabs(static_cast<double>(o[i]) - reference.value);
      EXPECT_TRUE(error <= reference.bound + reference.ball)
          << "element " << i << ": " << o[i] << " instead of " << reference.value;
    }
  }
};

TEST(PagedAttention, BothVersionsReadXSplitPages) {
  for (const std::int64_t page_size : {8, 16, 32}) {
    for (const bool alibi : {false, true}) {
      Decode decode({1, page_size, 0, page_size + 1, 70}, page_size, alibi);
      decode.check(paged_attention_v1_f32);
      decode.check(paged_attention_v2_f32);
    }
  }
}

TEST(PagedAttention, PartitionsAreWholePagesAndAtMostAsManyAsTheReduceStageTakes) {
  for (const std::int64_t page_size : {8, 16, 32}) {
    for (std::int64_t kv_len = 1; kv_len <= kLargestPartition * kMostPartitions; kv_len += 7) {
      const std::int64_t size = PagedAttentionV2Steps::partition_size(kv_len, page_size);
      EXPECT_EQ(size % page_size, 0);
      EXPECT_LE(size, kLargestPartition);
      EXPECT_LE(PagedAttentionV2Steps::partitions(kv_len, size), kMostPartitions);
    }
  }
  EXPECT_EQ(PagedAttentionV2Steps::partitions(17, 16), 2);
  EXPECT_EQ(PagedAttentionV2Steps::partitions(16, 16), 1);
}

TEST(PagedAttention, ALongSequenceHasPartitionsOf512Keys) {
  EXPECT_EQ(PagedAttentionV2Steps::partition_size(16384, 16), 512);
  EXPECT_EQ(PagedAttentionV2Steps::partition_size(16, 16), 16);
  Decode decode({1500}, 16, false);
  decode.check(paged_attention_v2_f32);
}

}  // namespace
}  // namespace attest::kernels::cpu
