// Flash prefill in f16 on the sizes that attention kernels are first tried on: standard normal
// inputs, scale 1/sqrt(D). Within 1e-3 of the reference, and within the derived bound.
#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "properties/harness.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest {
namespace {

struct Size {
  std::int64_t length, head_dim;
  bool causal;
};

std::ostream& operator<<(std::ostream& out, const Size& size) {
  return out << "n" << size.length << "_d" << size.head_dim << (size.causal ? "_causal" : "");
}

class Textbook : public testing::TestWithParam<Size> {};

TEST_P(Textbook, FlashPrefillAgreesWithTheReference) {
  const auto [length, head_dim, causal] = GetParam();
  problem::Problem problem;
  problem.sequences = {{.q_len = length, .kv_len = length}};
  problem.num_q_heads = problem.num_kv_heads = 2;
  problem.head_dim_qk = problem.head_dim_v = head_dim;
  problem.mask.causal = causal;
  problem.scale = 1 / std::sqrt(static_cast<double>(head_dim));
  problem.q_dtype = problem.k_dtype = problem.v_dtype = problem.o_dtype = problem::DType::kF16;
  problem::Case value = problem::make_case(problem);
  value.values.distribution = problem::Distribution::kNormal;
  value.property = "oracle.output";

  const auto session = tests::open(tests::builtin("simt/flash_prefill_f16"));
  properties::Harness harness(*session);
  harness.record(true);
  const problem::Verdict verdict =
      run_check(*properties::find_property(value.property), value, harness);
  EXPECT_EQ(verdict.status, problem::Status::kPass) << verdict.message;
  const properties::Trace& trace = harness.trace();
  ASSERT_EQ(trace.got.o.size(), static_cast<std::size_t>(length * 2 * head_dim));
  double worst = 0;
  for (std::size_t i = 0; i < trace.got.o.size(); ++i) {
    const auto expected = static_cast<double>(trace.expected.o[i].value);
    worst = std::max(worst, std::fabs(trace.got.o.value(i) - expected));
  }
  // (A row that sees few keys has outputs above 2, whose last rounding alone is up to 2^-10.)
  EXPECT_LE(worst, 1e-3);
  RecordProperty("worst_error", std::to_string(worst));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Textbook,
                         testing::Values(Size{64, 64, false}, Size{128, 64, true},
                                         Size{256, 64, false}, Size{128, 128, true},
                                         Size{512, 64, true}, Size{1024, 64, false}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace attest
