#include <gtest/gtest.h>

#include "properties/append_attend_call.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using problem::DType;
using problem::Elements;

/// Two cached tokens, a new one: k = 1 2 3 4 | 1 2 3 4 | 1 2 3 4, v = 5, 6, 7.
Scene three_tokens() {
  problem::Case value = problem::make_case({.sequences = {{1, 3}}, .head_dim_qk = 4});
  Scene scene = scene_of(value);
  for (std::size_t i = 0; i < 12; ++i) scene.inputs.k.set(i, 1.0 + static_cast<double>(i % 4));
  for (std::size_t i = 0; i < 3; ++i) scene.inputs.v.set(i, 5.0 + static_cast<double>(i));
  for (std::size_t i = 0; i < 4; ++i) scene.inputs.q.set(i, 0);
  return scene;
}

/// A quarter turn at position 2, none before.
problem::Rotary quarter(bool interleaved, std::int64_t dim) {
  problem::Rotary rotary{.dim = dim, .interleaved = interleaved, .cos = {}, .sin = {}};
  const auto pairs = static_cast<std::size_t>(dim / 2);
  rotary.cos = rotary.sin = Elements(DType::kF32, 3 * pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    rotary.cos.set(i, 1);
    rotary.cos.set(pairs + i, 1);
    rotary.sin.set(2 * pairs + i, 1);
  }
  return rotary;
}

std::vector<double> values(const Elements& from) {
  std::vector<double> out;
  for (std::size_t i = 0; i < from.size(); ++i) out.push_back(from.value(i));
  return out;
}

class AppendAttend : public ::testing::Test {
 protected:
  std::unique_ptr<kernels::Session> session_ = tests::open(tests::builtin("cpu/append_attend_f32"));
  Harness harness_{*session_};
};

TEST_F(AppendAttend, LeavesTheNewTokenInTheCacheAndHearsIt) {
  const AppendAttendRun run = append_attend(three_tokens(), {}, harness_);
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_EQ(values(run.v_after), (std::vector<double>{5, 6, 7}));
  EXPECT_NE(run.v_before.value(2), 7);
  EXPECT_EQ(run.out.o.value(0), 6);  // q = 0: the mean
}

TEST_F(AppendAttend, TurnsHalvesOrNeighboursOfTheLanesItIsGivenTablesFor) {
  const auto turned = [&](bool interleaved, std::int64_t dim) {
    const AppendAttendRun run = append_attend(three_tokens(), quarter(interleaved, dim), harness_);
    EXPECT_FALSE(run.failure);
    return values(run.k_after);
  };
  EXPECT_EQ(turned(false, 4), (std::vector<double>{1, 2, 3, 4, 1, 2, 3, 4, -3, -4, 1, 2}));
  EXPECT_EQ(turned(true, 4), (std::vector<double>{1, 2, 3, 4, 1, 2, 3, 4, -2, 1, -4, 3}));
  EXPECT_EQ(turned(false, 2), (std::vector<double>{1, 2, 3, 4, 1, 2, 3, 4, -2, 1, 3, 4}));
}

TEST_F(AppendAttend, IsRefusedTablesForMoreLanesThanThereAre) {
  const AppendAttendRun run = append_attend(three_tokens(), quarter(false, 6), harness_);
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->failure_class, "refused");
}

}  // namespace
}  // namespace attest::properties
