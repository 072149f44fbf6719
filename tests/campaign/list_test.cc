#include "campaign/list.h"

#include <gtest/gtest.h>

#include "campaign/errors.h"
#include "campaign/select.h"

namespace attest::campaign {
namespace {

TEST(List, AKernelShowsWhatItDeclares) {
  kernels::KernelInfo info;
  info.name = "mine/fast";
  info.description = "with \x1b[31mred\x1b[0m words";
  info.library = "./libmine.so";
  info.operations = ATTEST_OP_ATTEND | ATTEST_OP_MERGE;
  info.capabilities.q_dtypes = ATTEST_DTYPE_BIT(ATTEST_F32) | ATTEST_DTYPE_BIT(ATTEST_BF16);
  info.capabilities.layouts = ATTEST_LAYOUT_BIT(ATTEST_LAYOUT_PAGED_NHD);
  info.capabilities.features = ATTEST_FEATURE_CAUSAL | ATTEST_FEATURE_LSE;
  info.numerics.accumulate = ATTEST_F32;
  info.numerics_preset = "generic";
  info.numerics.exp_ulp = 2.5;
  info.numerics.p_dtype_plus_1 = ATTEST_P_LIKE_Q;
  info.numerics.part_dtype_plus_1 = ATTEST_BF16 + 1;
  info.numerics.merge_normalises = 1;
  EXPECT_EQ(list_kernels({info}),
            "mine/fast  with \\x1b[31mred\\x1b[0m words\n"
            "  library    ./libmine.so\n"
            "  operations attend, merge\n"
            "  types      f32, bf16\n"
            "  layouts    paged_nhd\n"
            "  features   causal, lse\n"
            "  numerics   accumulate f32, preset generic, exp_ulp 2.5, p_dtype that of q, "
            "part_dtype bf16,\n"
            "             merge_normalises\n");
}

TEST(List, AKernelThatAddsNothingUpHasNoNumerics) {
  kernels::KernelInfo info;
  info.name = "mine/append";
  info.operations = ATTEST_OP_APPEND;
  EXPECT_EQ(list_kernels({info}).find("numerics"), std::string::npos);
}

TEST(Select, AFamilyNamesItsProperties) {
  const std::vector<std::string> family{"causality"};
  const std::vector<std::string> glob{"causality.*"};
  const auto selected = select_properties(family);
  EXPECT_FALSE(selected.empty());
  EXPECT_EQ(selected, select_properties(glob));
  for (const auto* property : selected) EXPECT_TRUE(property->id.starts_with("causality."));
  EXPECT_EQ(select_properties({}).size(), properties::all_properties().size());
}

TEST(Select, UnknownNamesAreTheUsersMistake) {
  const std::vector<std::string> unknown{"causality.*", "no.such"};
  EXPECT_THROW(select_properties(unknown), UsageError);
  const std::vector<std::string> kernel{"no/such"};
  EXPECT_THROW(select_kernels(kernel), UsageError);
}

TEST(Select, EveryPropertyIsListedWithItsClaim) {
  const std::string text = list_properties(select_properties({}));
  for (const properties::Property& property : properties::all_properties()) {
    EXPECT_NE(text.find(std::string(property.id) + "\n  " + std::string(property.claim)),
              std::string::npos);
  }
}

}  // namespace
}  // namespace attest::campaign
