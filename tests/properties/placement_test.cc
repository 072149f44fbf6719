#include "properties/placement.h"

#include <cmath>
#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"
#include "tests/properties/placed_call.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::DType;
using problem::PoisonKind;
using problem::PoisonPlace;
using tests::bits_at;
using tests::slot_of;
using tests::value_at;

class PlacementTest : public ::testing::Test {
 protected:
  kernels::Arena arena_{std::size_t{1} << 30};
};

/// Every lane of a token's K and V is what the inputs say.
void expect_token(const Scene& scene, const attest_attend& call, std::int64_t b, std::int64_t token,
                  std::int64_t flat_token) {
  const std::int64_t slot = slot_of(call, b, token);
  for (std::int64_t head = 0; head < scene.problem.num_kv_heads; ++head) {
    const std::int64_t row = flat_token * scene.problem.num_kv_heads + head;
    for (std::int64_t lane = 0; lane < scene.problem.head_dim_qk; ++lane) {
      const auto i = static_cast<std::size_t>(row * scene.problem.head_dim_qk + lane);
      ASSERT_EQ(bits_at(call, call.k, slot, head, lane), scene.inputs.k.bits(i));
    }
    for (std::int64_t lane = 0; lane < scene.problem.head_dim_v; ++lane) {
      const auto i = static_cast<std::size_t>(row * scene.problem.head_dim_v + lane);
      ASSERT_EQ(bits_at(call, call.v, slot, head, lane), scene.inputs.v.bits(i));
    }
  }
}

TEST_F(PlacementTest, PutsEveryTokenWhereTheContractSaysInEveryLayout) {
  const Property& property = *find_property("oracle.output");
  std::map<std::int32_t, int> layouts;
  for (const char* kernel : {"cpu/dense_f32", "cpu/sliding_window_f32"}) {
    const KernelInfo info = tests::builtin(kernel);
    for (std::uint64_t k = 0; k < 150; ++k) {
      const Scene scene = scene_of(draw_case(property, info, 1, k));
      kernels::Launch launch(arena_);
      const attest_attend& call = *place(scene, info, launch, true);
      ++layouts[call.layout];
      ASSERT_EQ(read_tensor(call.q), scene.inputs.q);
      std::int64_t flat = 0;
      for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
        ASSERT_EQ(call.kv_len.host[b], scene.problem.sequences[b].kv_len);
        ASSERT_EQ(call.start_pos.host[b], scene.problem.sequences[b].first_position());
        ASSERT_EQ(call.cu_seqlens_q.host[b], scene.problem.first_row(b));
        for (std::int64_t token = 0; token < scene.problem.sequences[b].kv_len; ++token) {
          ASSERT_NO_FATAL_FAILURE(expect_token(scene, call, b, token, flat++));
        }
      }
    }
  }
  EXPECT_GT(layouts[ATTEST_LAYOUT_CONTIGUOUS], 10);
  EXPECT_GT(layouts[ATTEST_LAYOUT_PADDED], 10);
  EXPECT_GT(layouts[ATTEST_LAYOUT_PAGED_NHD], 10);
}

TEST_F(PlacementTest, GivesTwoSequencesThatShareAPageTheSameTokens) {
  const KernelInfo info = tests::builtin("cpu/sliding_window_f32");
  const Property& property = *find_property("paging.shared_prefix");
  int shared = 0;
  for (std::uint64_t k = 0; k < 60; ++k) {
    const Scene scene = scene_of(draw_case(property, info, 1, k));
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info, launch, true);
    std::int64_t flat = 0;
    std::map<std::int64_t, int> users;
    for (std::int64_t b = 0; b < scene.problem.batch(); ++b) {
      for (std::int64_t token = 0; token < scene.problem.sequences[b].kv_len; ++token) {
        shared += ++users[slot_of(call, b, token)] == 2 ? 1 : 0;
        ASSERT_NO_FATAL_FAILURE(expect_token(scene, call, b, token, flat++));
      }
    }
  }
  EXPECT_GT(shared, 50);
}

/// Two tokens of one head and one lane in a page of four of a pool of three.
Scene tiny_paged() {
  problem::Case value = problem::make_case({.sequences = {{1, 2}}});
  value.values.seed = 3;
  value.storage = {.layout = problem::KvLayout::kPagedNHD,
                   .page_size = 4,
                   .num_pages = 3,
                   .block_table = {{1}},
                   .extra_table_columns = 2};
  return scene_of(value);
}

TEST_F(PlacementTest, LeavesJunkIdsOfThePoolInTheTableTail) {
  const KernelInfo info = tests::builtin("cpu/dense_f32");
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(tiny_paged(), info, launch, true);
  ASSERT_EQ(call.max_blocks, 3);
  EXPECT_EQ(call.block_table.host[0], 1);
  for (const int column : {1, 2}) {
    EXPECT_GE(call.block_table.host[column], 0);
    EXPECT_LT(call.block_table.host[column], 3);
  }
}

TEST_F(PlacementTest, PutsIdsOutsideThePoolIntoAPoisonedTableTail) {
  const KernelInfo info = tests::builtin("cpu/dense_f32");
  Scene scene = tiny_paged();
  for (const auto kind :
       {PoisonKind::kNaN, PoisonKind::kPlusInf, PoisonKind::kMinusInf, PoisonKind::kLargest}) {
    scene.poisons = {{PoisonPlace::kTableTail, kind, true, true}};
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info, launch, true);
    EXPECT_EQ(call.block_table.host[0], 1);
    for (const int column : {1, 2}) {
      const std::int32_t id = call.block_table.host[column];
      EXPECT_TRUE(id < 0 || id >= 3) << id;
    }
  }
}

TEST_F(PlacementTest, HoldsFiniteJunkInUnusedSlotsOrZerosWhereTheKernelAsksForThem) {
  KernelInfo info = tests::builtin("cpu/dense_f32");
  Scene scene = tiny_paged();
  for (const bool zero : {false, true}) {
    info.conventions.unused_slots = zero ? ATTEST_SLOTS_ZERO : ATTEST_SLOTS_ANYTHING;
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info, launch, true);
    double sum = 0;
    for (std::int64_t slot = 0; slot < 12; ++slot) {
      if (slot == 4 || slot == 5) continue;  // the two tokens
      sum += std::abs(value_at(call, call.k, slot, 0, 0));
      sum += std::abs(value_at(call, call.v, slot, 0, 0));
    }
    EXPECT_TRUE(std::isfinite(sum));
    EXPECT_EQ(sum == 0, zero);
  }
}

TEST_F(PlacementTest, KeepsTheDominatingKindFiniteInSmallTypes) {
  Scene scene = tiny_paged();
  auto& problem = scene.problem;
  problem.q_dtype = problem.k_dtype = problem.v_dtype = problem.o_dtype = DType::kF16;
  for (problem::Elements* tensor : {&scene.inputs.q, &scene.inputs.k, &scene.inputs.v}) {
    *tensor = problem::Elements(DType::kF16, tensor->size());
    for (std::size_t i = 0; i < tensor->size(); ++i) tensor->set(i, 0x1p-20);
  }
  scene.poisons = {{PoisonPlace::kPageTail, PoisonKind::kDominating, true, true}};
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(scene, tests::builtin("cpu/dense_f32"), launch, true);
  EXPECT_EQ(value_at(call, call.k, 6, 0, 0), problem::largest_finite(DType::kF16));
}

TEST_F(PlacementTest, MarksOutputsAsUnwrittenUnlessTheyAreDirtyOrZeroed) {
  KernelInfo info = tests::builtin("cpu/dense_f32");
  Scene scene = tiny_paged();
  {
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info, launch, true);
    EXPECT_EQ(read_tensor(call.o).bits(0), problem::unwritten_bits(DType::kF32));
    EXPECT_EQ(read_tensor(call.lse).bits(0), problem::unwritten_bits(DType::kF32));
  }
  {
    scene.poisons = {{PoisonPlace::kOutput, PoisonKind::kNaN, true, true}};
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info, launch, true);
    EXPECT_TRUE(std::isfinite(read_tensor(call.o).value(0)));
    EXPECT_TRUE(std::isfinite(read_tensor(call.lse).value(0)));
  }
  {
    info.conventions.output_before = ATTEST_OUTPUT_ZEROED;
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info, launch, true);
    EXPECT_EQ(read_tensor(call.o).bits(0), 0u);
  }
  kernels::Launch launch(arena_);
  EXPECT_EQ(place(scene, info, launch, false)->o.data, nullptr);
}

TEST_F(PlacementTest, WritesWindowsAndLseInTheConventionOfTheKernel) {
  KernelInfo info = tests::builtin("cpu/dense_f32");
  info.conventions.window_counts_self = ATTEST_WINDOW_COUNTS_SELF;
  info.conventions.lse_layout = ATTEST_LSE_HEAD_ROW;
  problem::Case value = problem::make_case({.sequences = {{3, 3}}, .num_q_heads = 2});
  value.problem().mask.causal = true;
  value.problem().mask.window_left = 1;
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(scene_of(value), info, launch, true);
  EXPECT_EQ(call.window_left, 2);
  EXPECT_EQ(call.window_right, -1);
  EXPECT_EQ(call.lse.stride[0], 1);
  EXPECT_EQ(call.lse.stride[1], 3);
  auto* memory = static_cast<float*>(call.lse.data);
  for (int i = 0; i < 6; ++i) memory[i] = static_cast<float>(i);
  EXPECT_EQ(read_tensor(call.lse).value(1), 3.0);  // row 0, head 1
}

TEST_F(PlacementTest, StatesFollowTheConventionsOfOutputs) {
  KernelInfo info = tests::builtin("cpu/dense_f32");
  info.conventions.lse_layout = ATTEST_LSE_HEAD_ROW;
  info.conventions.output_before = ATTEST_OUTPUT_ZEROED;
  kernels::Launch launch(arena_);
  const attest_state state = place_output_state(info, 3, 2, 4, DType::kF32, launch);
  EXPECT_EQ(state.lse.stride[0], 1);
  EXPECT_EQ(state.lse.stride[1], 3);
  EXPECT_EQ(read_tensor(state.o).bits(0), 0u);
  EXPECT_EQ(read_tensor(state.lse).bits(0), 0u);
}

}  // namespace
}  // namespace attest::properties
