// Workspaces that are zeroed once: what a call leaves is what the next one gets, within a check.
#include <string_view>

#include <gtest/gtest.h>

#include "properties/harness.h"
#include "properties/scene.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

/// Two splits for a row: 20 keys.
Scene decode_scene(std::int64_t heads) {
  problem::Case value = problem::make_case({.sequences = {{1, 20}}, .num_q_heads = heads});
  value.values = {.distribution = problem::Distribution::kNormal, .seed = 11};
  Scene scene = scene_of(value);
  scene.storage = plain_storage(scene.problem, problem::KvLayout::kPagedNHD, 8);
  return scene;
}

/// Whether the second of two calls gives what the first gave.
bool repeats(Harness& harness, const Scene& first, const Scene& second) {
  const Run a = harness.attend(first);
  const Run b = harness.attend(second);
  const Run again = harness.attend(first);
  EXPECT_FALSE(a.failure || b.failure || again.failure);
  return !harness.same(first, a.out, again.out, true).failed();
}

TEST(KeptWorkspace, AKernelThatRestoresItRepeats) {
  const auto session = tests::open(tests::builtin("cpu/threaded_decode_f32"));
  Harness harness(*session);
  harness.begin_check();
  EXPECT_TRUE(repeats(harness, decode_scene(2), decode_scene(5)));
  EXPECT_TRUE(repeats(harness, decode_scene(5), decode_scene(2)));
}

TEST(KeptWorkspace, AKernelThatDoesNotRestoreItDoesNotRepeat) {
  const auto session = tests::open(tests::builtin("planted/counter_not_reset"));
  Harness harness(*session);
  harness.begin_check();
  EXPECT_FALSE(repeats(harness, decode_scene(2), decode_scene(2)));
}

TEST(KeptWorkspace, ACheckBeginsWithZeros) {
  const auto session = tests::open(tests::builtin("planted/counter_not_reset"));
  Harness harness(*session);
  const Scene scene = decode_scene(2);
  harness.begin_check();
  const auto first = harness.attend(scene);
  harness.begin_check();
  const auto second = harness.attend(scene);
  ASSERT_FALSE(first.failure || second.failure);
  EXPECT_FALSE(harness.same(scene, first.out, second.out, true).failed());
}

TEST(KeptWorkspace, ManyRowsTakeSeveralRoundsOfCounters) {
  const auto session = tests::open(tests::builtin("cpu/threaded_decode_f32"));
  Harness harness(*session);
  problem::Case value = problem::make_case(
      {.sequences = {{16, 33}, {0, 5}, {16, 20}}, .num_q_heads = 12, .num_kv_heads = 3});
  value.values = {.distribution = problem::Distribution::kNormal, .seed = 5};
  value.problem().mask.causal = true;
  Scene scene = scene_of(value);
  scene.storage = plain_storage(scene.problem, problem::KvLayout::kPagedNHD, 4);
  const auto run = harness.attend(scene);
  ASSERT_FALSE(run.failure);
  EXPECT_EQ(harness.judge(scene, harness.expect(scene), run.out).status, problem::Status::kPass);
}

}  // namespace
}  // namespace attest::properties
