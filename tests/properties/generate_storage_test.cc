// What is drawn for a kernel that declares everything about storage: types, layouts, scales,
// strides, latent dims. No built-in kernel declares all of it at once.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "properties/placement.h"
#include "properties/property.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

using kernels::KernelInfo;
using problem::Case;
using problem::Gaps;
using problem::KvLayout;

constexpr std::uint32_t kAllTypes = (1u << problem::kNumDTypes) - 1;

KernelInfo takes_everything() {
  KernelInfo info = tests::builtin("cpu/dense_f32");
  info.name = "test/everything";
  info.capabilities.q_dtypes = info.capabilities.kv_dtypes = info.capabilities.o_dtypes = kAllTypes;
  info.capabilities.layouts = (1u << problem::kNumKvLayouts) - 1;
  info.capabilities.head_dim_qk = info.capabilities.head_dim_v = attest_set{};
  info.capabilities.page_size = attest_set{};
  info.capabilities.features |= ATTEST_FEATURE_SCALES | ATTEST_FEATURE_STRIDES |
                                ATTEST_FEATURE_V_IS_K_PREFIX | ATTEST_FEATURE_HEAD_DIM_V;
  return info;
}

/// Cases of a property, each valid, declared and possible to lay out.
template <typename Visit>
void for_each_case(const KernelInfo& info, const char* id, std::uint64_t count, Visit visit) {
  kernels::Arena arena(std::size_t{1} << 30);
  for (std::uint64_t k = 0; k < count; ++k) {
    const Case value = draw_case(*find_property(id), info, 1, k);
    ASSERT_EQ(problem::find_error(value), std::nullopt) << "case " << k;
    ASSERT_EQ(kernels::unsupported(info, value.problem(), value.storage), std::nullopt)
        << "case " << k;
    kernels::Launch launch(arena);
    place(scene_of(value), info, launch, true);
    launch.seal();
    ASSERT_FALSE(launch.find_damage());
    visit(value);
  }
}

std::string granularity(const problem::Scales& scales, std::int64_t heads) {
  const auto count = static_cast<std::int64_t>(scales.size());
  return count == 0 ? "none" : count == 1 ? "one" : count == heads ? "per head" : "per sequence";
}

TEST(StorageGenerator, ReachesEveryTypeLayoutAndGranularity) {
  const KernelInfo info = takes_everything();
  std::map<std::string, int> labels;
  for_each_case(info, "oracle.output", 1500, [&](const Case& value) {
    const auto& problem = value.problem();
    ++labels["layout " + std::string(name_of(value.storage.layout))];
    ++labels["q " + std::string(name_of(problem.q_dtype))];
    ++labels["kv " + std::string(name_of(problem.k_dtype))];
    ++labels["o " + std::string(name_of(problem.o_dtype))];
    if (problem.q_dtype != problem.k_dtype) ++labels["types apart"];
    ++labels["k_scale " + granularity(problem.k_scale, problem.num_kv_heads)];
    ++labels["q_scale " + granularity(problem.q_scale, problem.num_q_heads)];
    if (problem.o_scale) ++labels["o_scale"];
    if (problem.v_is_k_prefix) {
      ++labels["prefix"];
      if (problem.head_dim_v < problem.head_dim_qk) ++labels["shorter prefix"];
      if (problem.head_dim_qk == 576) ++labels["576 of 512"];
    }
    const auto& strides = value.storage.strides;
    if (strides.packed()) ++labels["packed"];
    for (const Gaps* gaps : {&strides.q, &strides.k, &strides.v, &strides.o, &strides.lse}) {
      if (gaps->one_head) ++labels["one head"];
      if (gaps->lane > 0) ++labels["lane gap"];
      if (gaps->head > 0) ++labels["head gap"];
      if (gaps->token > 0) ++labels["token gap"];
      if (gaps->outer > 0) ++labels["outer gap"];
    }
    if (!strides.o.packed()) ++labels["o gaps"];
    if (!strides.lse.packed()) ++labels["lse gaps"];
  });
  for (const char* label : {"layout contiguous",
                            "layout padded",
                            "layout paged_nhd",
                            "layout paged_hnd",
                            "layout paged_interleaved",
                            "layout paged_x_split",
                            "layout mla_latent",
                            "q f64",
                            "q f32",
                            "q f16",
                            "q bf16",
                            "q e4m3",
                            "q e5m2",
                            "kv f64",
                            "kv f32",
                            "kv f16",
                            "kv bf16",
                            "kv e4m3",
                            "kv e5m2",
                            "o f64",
                            "o f32",
                            "o f16",
                            "o bf16",
                            "o e4m3",
                            "o e5m2",
                            "types apart",
                            "k_scale one",
                            "k_scale per head",
                            "k_scale per sequence",
                            "q_scale one",
                            "q_scale per head",
                            "q_scale per sequence",
                            "o_scale",
                            "prefix",
                            "shorter prefix",
                            "576 of 512",
                            "packed",
                            "one head",
                            "lane gap",
                            "head gap",
                            "token gap",
                            "outer gap",
                            "o gaps",
                            "lse gaps"}) {
    EXPECT_GE(labels[label], 5) << label;
  }
}

TEST(StorageGenerator, KeepsToTheGranularityOfStrides) {
  KernelInfo info = takes_everything();
  info.capabilities.stride_alignment = 8;
  int gapped = 0;
  for_each_case(info, "oracle.output", 500,
                [&](const Case& value) { gapped += value.storage.strides.packed() ? 0 : 1; });
  EXPECT_GT(gapped, 50);
}

TEST(StorageGenerator, DrawsNothingThatIsNotDeclared) {
  KernelInfo info = takes_everything();
  info.capabilities.features &=
      ~std::uint64_t{ATTEST_FEATURE_SCALES | ATTEST_FEATURE_STRIDES | ATTEST_FEATURE_V_IS_K_PREFIX};
  info.capabilities.kv_dtypes = info.capabilities.o_dtypes = 0;
  for_each_case(info, "oracle.output", 300, [&](const Case& value) {
    const auto& problem = value.problem();
    EXPECT_EQ(problem.k_dtype, problem.q_dtype);
    EXPECT_EQ(problem.o_dtype, problem.q_dtype);
    EXPECT_FALSE(problem.v_is_k_prefix);
    EXPECT_NE(value.storage.layout, KvLayout::kMlaLatent);
  });
}

TEST(StorageGenerator, GivesStatesTheMostExactOutputType) {
  KernelInfo info = takes_everything();
  info.operations |= ATTEST_OP_ATTEND_PARTIAL | ATTEST_OP_MERGE;
  info.capabilities.o_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32) | ATTEST_DTYPE_BIT(ATTEST_BF16);
  for_each_case(info, "partition.cuts", 60, [&](const Case& value) {
    EXPECT_EQ(value.problem().o_dtype, problem::DType::kF32);
    EXPECT_FALSE(value.problem().o_scale);
  });
}

}  // namespace
}  // namespace attest::properties
