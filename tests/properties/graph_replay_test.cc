// A call in the frame of another: sizes of the host are those of the capture, lengths of the device
// those of now.
#include "properties/graph_replay.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

/// Decodes of so many keys, in pages of 8.
Scene decodes(const std::vector<std::int64_t>& lengths) {
  std::vector<problem::Sequence> sequences;
  for (const std::int64_t length : lengths) sequences.push_back({1, length});
  problem::Case value = problem::make_case({.sequences = sequences, .num_q_heads = 2});
  value.problem().head_dim_qk = value.problem().head_dim_v = 32;
  value.values = {.distribution = problem::Distribution::kNormal, .seed = 11};
  Scene scene = scene_of(value);
  scene.storage = plain_storage(scene.problem, problem::KvLayout::kPagedXSplit, 8);
  return scene;
}

/// Whether a call in a graph of `captured` gives what it gives alone.
bool agrees(const char* kernel, const std::vector<std::int64_t>& captured,
            const std::vector<std::int64_t>& now) {
  const auto session = tests::open(tests::builtin(kernel));
  Harness harness(*session);
  const Scene frame = decodes(captured);
  std::vector<RowCut> cuts;
  for (const std::int64_t length : now) cuts.push_back({.first = 0, .count = 1, .kv_len = length});
  Scene scene = cut_rows(frame, cuts);
  for (auto& sequence : scene.problem.sequences) sequence.start_pos.reset();
  const Run alone = harness.attend(scene);
  const Run in_graph = attend_in_graph_of(frame, scene, harness);
  EXPECT_FALSE(alone.failure || in_graph.failure) << kernel;
  return !harness.same(scene, in_graph.out, alone.out, true).failed();
}

TEST(GraphReplay, AKernelThatReadsLengthsOnTheDeviceServesShorterAndEmptySequences) {
  EXPECT_TRUE(agrees("simt/paged_attention_v1_f32", {40}, {9}));
  EXPECT_TRUE(agrees("simt/paged_attention_v1_f32", {40, 17, 30}, {1, 17, 0}));
}

TEST(GraphReplay, AKernelThatKeepsALengthOfTheCaptureDoesNot) {
  EXPECT_FALSE(agrees("planted/length_of_capture", {40}, {9}));
  EXPECT_TRUE(agrees("planted/length_of_capture", {40}, {40}));
}

}  // namespace
}  // namespace attest::properties
