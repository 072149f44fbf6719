// Flash prefill on tensor cores where a block of query rows is not all there is, which drawn cases
// seldom have: several warps with rows, a second block, whole and half-visible tiles of keys.
#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "properties/harness.h"
#include "properties/property.h"
#include "properties/scene.h"
#include "tests/properties/kernels_under_test.h"

namespace attest {
namespace {

using problem::DType;
using problem::KvLayout;

struct Call {
  const char* name = "";
  std::vector<problem::Sequence> sequences = {};
  std::int64_t head_dim_qk = 128, head_dim_v = 128;
  KvLayout layout = KvLayout::kContiguous;
  std::int64_t page_size = 0;
  bool causal = true;
  std::optional<std::int64_t> window_left = {};
  double scale = 0.2;
  double softcap = 0;
  std::vector<double> alibi_slopes = {};
};

std::ostream& operator<<(std::ostream& out, const Call& call) { return out << call.name; }

problem::Case case_of(const Call& call, DType type) {
  problem::Problem problem;
  problem.sequences = call.sequences;
  problem.num_q_heads = 2;
  problem.num_kv_heads = 1;
  problem.head_dim_qk = call.head_dim_qk;
  problem.head_dim_v = call.head_dim_v;
  problem.mask.causal = call.causal;
  problem.mask.window_left = call.window_left;
  problem.scale = call.scale;
  problem.softcap = call.softcap;
  problem.alibi_slopes = call.alibi_slopes;
  problem.q_dtype = problem.k_dtype = problem.v_dtype = problem.o_dtype = type;
  problem::Case value = problem::make_case(problem);
  value.storage = properties::plain_storage(problem, call.layout, call.page_size);
  // Pages in any order but the easy one.
  for (auto& row : value.storage.block_table) std::reverse(row.begin(), row.end());
  value.values.distribution = problem::Distribution::kNormal;
  return value;
}

class FlashRows : public testing::TestWithParam<Call> {
 protected:
  static void expect_pass(const char* kernel, DType type) {
    problem::Case value = case_of(GetParam(), type);
    const auto session = tests::open(tests::builtin(kernel));
    properties::Harness harness(*session);
    for (const char* property : {"oracle.output", "oracle.lse"}) {
      value.property = property;
      const problem::Verdict verdict =
          run_check(*properties::find_property(property), value, harness);
      EXPECT_EQ(verdict.status, problem::Status::kPass)
          << kernel << " " << property << ": " << verdict.message;
    }
  }
};

TEST_P(FlashRows, F16) { expect_pass("simt/flash_prefill_f16", DType::kF16); }
TEST_P(FlashRows, Bf16) { expect_pass("simt/flash_prefill_bf16", DType::kBF16); }
TEST_P(FlashRows, F16Checked) { expect_pass("check/flash_prefill_f16", DType::kF16); }

std::vector<Call> calls() {
  const std::vector<problem::Sequence> square = {{.q_len = 140, .kv_len = 140}};
  return {
      {.name = "window",
       .sequences = {{.q_len = 200, .kv_len = 260}},
       .head_dim_qk = 40,
       .head_dim_v = 40,
       .window_left = 37},
      {.name = "two_blocks", .sequences = {{.q_len = 257, .kv_len = 300}}},
      {.name = "softcap_and_alibi_in_pages",
       .sequences = {{.q_len = 160, .kv_len = 233}},
       .head_dim_qk = 72,
       .head_dim_v = 72,
       .layout = KvLayout::kPagedNHD,
       .page_size = 16,
       .softcap = 5,
       .alibi_slopes = {0.25, 0.0625}},
      {.name = "window_in_pages",
       .sequences = {{.q_len = 130, .kv_len = 130}, {.q_len = 65, .kv_len = 200}},
       .head_dim_v = 64,
       .layout = KvLayout::kPagedHND,
       .page_size = 8,
       .window_left = 64},
      {.name = "every_key_padded",
       .sequences = {{.q_len = 150, .kv_len = 70}, {.q_len = 1, .kv_len = 190}},
       .head_dim_qk = 48,
       .head_dim_v = 24,
       .layout = KvLayout::kPadded,
       .causal = false},
      {.name = "elements",
       .sequences = {{.q_len = 129, .kv_len = 129}},
       .head_dim_qk = 9,
       .head_dim_v = 7,
       .alibi_slopes = {0.5, 0.125}},
      {.name = "elements_in_pages",
       .sequences = {{.q_len = 140, .kv_len = 150}},
       .head_dim_qk = 70,
       .head_dim_v = 35,
       .layout = KvLayout::kPagedNHD,
       .page_size = 3,
       .window_left = 90},
      {.name = "rows_above_the_first_key", .sequences = {{.q_len = 200, .kv_len = 40}}},
      {.name = "no_keys", .sequences = {{.q_len = 140, .kv_len = 0}, {.q_len = 3, .kv_len = 3}}},
      {.name = "no_rows", .sequences = {{.q_len = 0, .kv_len = 9}, {.q_len = 129, .kv_len = 129}}},
      {.name = "negative_scale", .sequences = square, .scale = -0.3},
      {.name = "no_scale", .sequences = square, .scale = 0}};
}

INSTANTIATE_TEST_SUITE_P(Calls, FlashRows, testing::ValuesIn(calls()),
                         [](const auto& call) { return call.param.name; });

}  // namespace
}  // namespace attest
