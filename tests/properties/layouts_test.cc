// Every layout with every type, packed and with gaps, read back by the words of the contract.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "kernels/sparse_window.h"
#include "problem/case.h"
#include "properties/placement.h"
#include "properties/slots.h"
#include "tests/properties/kernels_under_test.h"
#include "tests/properties/placed_call.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::DType;
using problem::KvLayout;
using problem::KvStorage;
using problem::Problem;

constexpr std::int64_t kPage = 4;

/// Three sequences, the middle one without keys; two KV heads, where the layout can.
problem::Case example(KvLayout layout, DType q, DType kv, DType o) {
  Problem problem;
  problem.sequences = {{2, 6}, {1, 0}, {1, 9}};
  const bool latent = layout == KvLayout::kMlaLatent;
  problem.num_kv_heads = latent ? 1 : 2;
  problem.num_q_heads = 4;
  problem.head_dim_qk = 32;
  problem.head_dim_v = layout == KvLayout::kPagedInterleaved ? 32 : 24;
  problem.v_is_k_prefix = latent;
  problem.q_dtype = q;
  problem.k_dtype = problem.v_dtype = kv;
  problem.o_dtype = o;
  problem::Case value = problem::make_case(problem);
  value.values.seed = 7;
  KvStorage& storage = value.storage;
  storage.layout = layout;
  if (layout == KvLayout::kContiguous) storage.gap_tokens = 2;
  if (!problem::is_paged(layout)) return value;
  storage.page_size = kPage;
  storage.num_pages = 7;
  storage.block_table = {{5, 1}, {}, {0, 6, 3}};
  storage.extra_table_columns = 2;
  return value;
}

problem::Strides gaps_for(const Problem& problem, KvLayout layout) {
  const std::int64_t outer = layout == KvLayout::kContiguous ? 0 : 11;
  problem::Strides strides;
  strides.q = {0, 5, 3, 1, false};
  strides.k = {outer, 2, 1, 1, false};
  if (!problem.v_is_k_prefix && layout != KvLayout::kPagedInterleaved)
    strides.v = {outer, 1, 2, 2, false};
  strides.o = {0, 3, 2, 1, false};
  strides.lse = {0, 2, 1, 0, false};
  return strides;
}

void expect_contents(const Scene& scene, const attest_attend& call) {
  const Problem& problem = scene.problem;
  std::int64_t flat = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    for (std::int64_t token = 0; token < problem.sequences[b].kv_len; ++token, ++flat) {
      const std::int64_t slot = tests::slot_of(call, b, token);
      for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
        const std::int64_t row = flat * problem.num_kv_heads + head;
        for (std::int64_t lane = 0; lane < problem.head_dim_qk; ++lane) {
          ASSERT_EQ(
              tests::bits_at(call, call.k, slot, head, lane),
              scene.inputs.k.bits(static_cast<std::size_t>(row * problem.head_dim_qk + lane)));
        }
        for (std::int64_t lane = 0; lane < problem.head_dim_v; ++lane) {
          ASSERT_EQ(tests::bits_at(call, call.v, slot, head, lane),
                    scene.inputs.v.bits(static_cast<std::size_t>(row * problem.head_dim_v + lane)));
        }
      }
    }
  }
  ASSERT_EQ(read_tensor(call.q), scene.inputs.q);
}

class LayoutsTest : public ::testing::Test {
 protected:
  KernelInfo info_ = tests::builtin("cpu/dense_f32");
  kernels::Arena arena_{std::size_t{1} << 30};
};

TEST_F(LayoutsTest, HoldEveryTokenWhereTheContractSaysInEveryTypePackedAndWithGaps) {
  for (int i = 0; i < problem::kNumKvLayouts; ++i) {
    const auto layout = static_cast<KvLayout>(i);
    for (const DType kv : problem::all_dtypes()) {
      for (const bool gaps : {false, true}) {
        SCOPED_TRACE(std::string(name_of(layout)) + " of " + std::string(name_of(kv)));
        problem::Case value = example(layout, DType::kF16, kv, DType::kBF16);
        if (gaps) value.storage.strides = gaps_for(value.problem(), layout);
        ASSERT_EQ(problem::find_error(value), std::nullopt);
        const Scene scene = scene_of(value);
        kernels::Launch launch(arena_);
        const attest_attend& call = *place(scene, info_, launch, true);
        ASSERT_EQ(call.k.dtype, static_cast<std::int32_t>(kv));
        ASSERT_EQ(call.o.dtype, static_cast<std::int32_t>(DType::kBF16));
        ASSERT_NO_FATAL_FAILURE(expect_contents(scene, call));
      }
    }
  }
}

/// Byte ranges of all elements of k and v: no two tokens or heads may share one.
TEST_F(LayoutsTest, GiveEveryElementBytesOfItsOwn) {
  for (int i = 0; i < problem::kNumKvLayouts; ++i) {
    const auto layout = static_cast<KvLayout>(i);
    for (const bool gaps : {false, true}) {
      problem::Case value = example(layout, DType::kF32, DType::kF32, DType::kF32);
      if (gaps) value.storage.strides = gaps_for(value.problem(), layout);
      const Problem& problem = value.problem();
      kernels::Launch launch(arena_);
      const attest_attend& call = *place(scene_of(value), info_, launch, true);
      std::set<const std::byte*> seen;
      std::size_t elements = 0;
      for (const bool is_k : {true, false}) {
        if (!is_k && problem.v_is_k_prefix) continue;
        const attest_tensor& tensor = is_k ? call.k : call.v;
        const std::int64_t dim = is_k ? problem.head_dim_qk : problem.head_dim_v;
        for (std::int64_t slot = 0; slot < tests::slot_count(call); ++slot) {
          for (std::int64_t head = 0; head < problem.num_kv_heads; ++head) {
            for (std::int64_t lane = 0; lane < dim; ++lane, ++elements)
              seen.insert(tests::at(call, tensor, slot, head, lane));
          }
        }
      }
      EXPECT_EQ(seen.size(), elements) << name_of(layout);
    }
  }
}

TEST_F(LayoutsTest, ArePackedWithoutGaps) {
  for (const KvLayout layout : {KvLayout::kContiguous, KvLayout::kPadded, KvLayout::kPagedNHD,
                                KvLayout::kPagedHND, KvLayout::kPagedXSplit}) {
    kernels::Launch launch(arena_);
    const problem::Case value = example(layout, DType::kF32, DType::kF32, DType::kF32);
    const attest_attend& call = *place(scene_of(value), info_, launch, true);
    for (const attest_tensor* tensor : {&call.q, &call.k, &call.v, &call.o, &call.lse}) {
      std::int64_t step = 1;
      for (int d = tensor->rank - 1; d >= 0; --d) {
        EXPECT_EQ(tensor->stride[d], step) << name_of(layout);
        step *= tensor->shape[d];
      }
    }
  }
}

TEST_F(LayoutsTest, KeepBothHalvesOfAnInterleavedPageInOneBuffer) {
  const problem::Case value =
      example(KvLayout::kPagedInterleaved, DType::kF16, DType::kF16, DType::kF16);
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(scene_of(value), info_, launch, true);
  const std::int64_t half = kPage * 2 * 32;
  EXPECT_EQ(call.k.stride[0], 2 * half);
  EXPECT_EQ(call.v.stride[0], 2 * half);
  EXPECT_EQ(static_cast<std::byte*>(call.v.data) - static_cast<std::byte*>(call.k.data), 2 * half);
}

TEST_F(LayoutsTest, MakeTheLatentVAViewOfK) {
  const problem::Case value =
      example(KvLayout::kMlaLatent, DType::kBF16, DType::kE4M3, DType::kBF16);
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(scene_of(value), info_, launch, true);
  EXPECT_EQ(call.v.data, call.k.data);
  EXPECT_EQ(call.v.rank, 4);
  EXPECT_EQ(call.v.shape[3], 24);
  EXPECT_EQ(call.v.stride[1], 32);
}

TEST_F(LayoutsTest, LayHeadsThatAreOneOnEachOther) {
  problem::Case value = example(KvLayout::kPagedNHD, DType::kF32, DType::kF32, DType::kF32);
  value.storage.strides.q.one_head = value.storage.strides.k.one_head = true;
  ASSERT_EQ(problem::find_error(value), std::nullopt);
  Scene scene = scene_of(value);
  {
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info_, launch, true);
    EXPECT_EQ(call.q.stride[1], 0);
    EXPECT_EQ(call.k.stride[2], 0);
    EXPECT_EQ(call.k.stride[1], 32);
    ASSERT_NO_FATAL_FAILURE(expect_contents(scene, call));
  }
  // A property gave one head a content of its own: then it needs memory of its own.
  scene.inputs.k.set(40, 1234.0);
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(scene, info_, launch, true);
  EXPECT_EQ(call.k.stride[2], 32);
  ASSERT_NO_FATAL_FAILURE(expect_contents(scene, call));
}

TEST_F(LayoutsTest, AlignTensorsAsDeclaredAndInOnePlacementNoBetter) {
  const problem::Case value = example(KvLayout::kPagedNHD, DType::kF32, DType::kF32, DType::kF32);
  for (const int alignment : {0, 16, 256}) {
    info_.capabilities.base_alignment = alignment;
    const std::uintptr_t unit = alignment == 0 ? 4 : static_cast<std::uintptr_t>(alignment);
    std::array<int, 5> no_better{};
    for (std::uint64_t placement = 0; placement < 4; ++placement) {
      arena_.place_by(placement);
      kernels::Launch launch(arena_);
      const attest_attend& call = *place(scene_of(value), info_, launch, true);
      const std::array<const attest_tensor*, 5> tensors = {&call.q, &call.k, &call.v, &call.o,
                                                           &call.lse};
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        const std::uintptr_t rest = reinterpret_cast<std::uintptr_t>(tensors[i]->data) % (2 * unit);
        EXPECT_EQ(rest % unit, 0u);
        no_better[i] += rest == unit ? 1 : 0;
      }
    }
    for (const int count : no_better) EXPECT_GE(count, 1) << alignment;
  }
}

TEST_F(LayoutsTest, GiveTheTableInTheDeclaredFormOnly) {
  Scene scene = scene_of(example(KvLayout::kPagedNHD, DType::kF32, DType::kF32, DType::kF32));
  {
    kernels::Launch launch(arena_);
    const attest_attend& call = *place(scene, info_, launch, true);
    EXPECT_EQ(call.block_indptr.count, 0);
    EXPECT_EQ(call.block_indices.count, 0);
    EXPECT_EQ(call.last_page_len.count, 0);
    EXPECT_EQ(call.max_blocks, 5);
  }
  info_.capabilities.features |= ATTEST_FEATURE_TABLE_CSR;
  scene.poisons = {{problem::PoisonPlace::kTableTail, problem::PoisonKind::kNaN, true, true}};
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(scene, info_, launch, true);
  EXPECT_EQ(call.block_table.count, 0);
  EXPECT_EQ(call.max_blocks, 0);
  const std::vector<std::int32_t> indptr(call.block_indptr.host, call.block_indptr.host + 4);
  EXPECT_EQ(indptr, (std::vector<std::int32_t>{0, 2, 2, 5}));
  const std::vector<std::int32_t> indices(call.block_indices.host,
                                          call.block_indices.host + call.block_indices.count);
  EXPECT_EQ(indices, (std::vector<std::int32_t>{5, 1, 0, 6, 3, -1, -1}));
  const std::vector<std::int32_t> last(call.last_page_len.host, call.last_page_len.host + 3);
  EXPECT_EQ(last, (std::vector<std::int32_t>{2, 0, 1}));
  ASSERT_NO_FATAL_FAILURE(expect_contents(scene, call));
}

TEST_F(LayoutsTest, WatchTheGapsOfOutputsAndNothingElseInThem) {
  problem::Case value = example(KvLayout::kContiguous, DType::kF32, DType::kF32, DType::kF32);
  value.storage.strides = gaps_for(value.problem(), KvLayout::kContiguous);
  kernels::Launch launch(arena_);
  const attest_attend& call = *place(scene_of(value), info_, launch, true);
  launch.seal();
  auto* o = static_cast<float*>(call.o.data);
  for_each_element(call.o, [](std::size_t, std::byte* element) {
    const float one = 1;
    std::memcpy(element, &one, sizeof one);
  });
  EXPECT_FALSE(launch.find_damage());
  o[1] = 1;  // behind lane 0
  auto damage = launch.find_damage();
  ASSERT_TRUE(damage);
  EXPECT_TRUE(damage->gap);
  EXPECT_EQ(damage->buffer, "o");
  EXPECT_EQ(damage->offset / 4, 1);
}

TEST_F(LayoutsTest, PutPagesBehindTwoToThe31ElementsWithoutTheMemory) {
  ASSERT_TRUE(arena_.has_windows());
  for (const DType type : problem::all_dtypes()) {
    for (const KvLayout layout : {KvLayout::kPagedNHD, KvLayout::kPagedInterleaved}) {
      problem::Case value = example(layout, type, type, type);
      value.problem().head_dim_v = 32;
      Scene scene = scene_of(value);
      const std::int64_t page = problem::cache_steps(scene.problem, scene.storage).k.outer;
      const std::int64_t first = (std::int64_t{1} << 31) / page;
      scene.storage.num_pages = first + 9;
      for (auto& row : scene.storage.block_table) {
        for (auto& id : row) {
          if (id != 0) id = static_cast<std::int32_t>(first + id);
        }
      }
      kernels::Launch launch(arena_);
      const attest_attend& call = *place(scene, info_, launch, true);
      ASSERT_EQ(call.num_pages, first + 9);
      ASSERT_NO_FATAL_FAILURE(expect_contents(scene, call));
      launch.seal();
      EXPECT_FALSE(launch.find_damage());
      const auto unit = static_cast<std::int64_t>(problem::size_of(type));
      auto* k = static_cast<std::byte*>(call.k.data);
      // Nothing between: reads find zeros.
      EXPECT_EQ(k[(std::int64_t{1} << 30) * unit], std::byte{0});
      std::byte* changed = k + (first + 5) * page * unit;
      *changed ^= std::byte{1};
      ASSERT_TRUE(launch.find_damage());
      EXPECT_EQ(launch.find_damage()->buffer, "k");
      *changed ^= std::byte{1};
      k[call.num_pages * page * unit] ^= std::byte{1};
      ASSERT_TRUE(launch.find_damage());
      EXPECT_TRUE(launch.find_damage()->canary);
    }
  }
}

}  // namespace
}  // namespace attest::properties
