#include "properties/other_call.h"

#include <string_view>

#include <gtest/gtest.h>

#include "properties/property.h"
#include "properties/scene.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

TEST(OtherCall, StaysWithinTheDeclarationOfEveryKernel) {
  const Property* property = find_property("determinism.after_other");
  int changed = 0;
  int all = 0;
  for (const kernels::KernelInfo& info : tests::correct_kernels()) {
    if (!property->applies(info)) continue;
    for (std::uint64_t k = 0; k < 30; ++k) {
      const problem::Case value = draw_case(*property, info, 1, k);
      const problem::Case other = other_call(value, info);
      EXPECT_EQ(problem::find_error(other), std::nullopt) << info.name << ", case " << k;
      EXPECT_EQ(kernels::unsupported(info, other.problem(), other.storage), std::nullopt)
          << info.name << ", case " << k;
      EXPECT_EQ(other, other_call(value, info));
      scene_of(other);  // its contents can be made
      changed += other.problem() == value.problem() ? 0 : 1;
      ++all;
    }
  }
  EXPECT_GT(changed, all * 9 / 10);
}

TEST(OtherCall, HasACustomMaskWhereTheCaseHasNone) {
  const kernels::KernelInfo info = tests::builtin("cpu/tiled_prefill_f32");
  problem::Case value = problem::make_case({.sequences = {{2, 3}}});
  value.storage = plain_storage(value.problem(), problem::KvLayout::kPagedNHD, 4);
  const problem::Case other = other_call(value, info);
  EXPECT_FALSE(other.problem().mask.custom.empty());
  EXPECT_GT(other.problem().sequences[0].kv_len, 8);
  EXPECT_TRUE(other_call(other, info).problem().mask.custom.empty());
}

TEST(OtherCall, IsTheCaseItselfWhereNothingMayDiffer) {
  kernels::KernelInfo info = tests::builtin("cpu/dense_f32");
  info.capabilities.features = ATTEST_FEATURE_CAUSAL;
  info.capabilities.kv_len.max = 3;
  problem::Case value = problem::make_case({.sequences = {{1, 3}}});
  value.problem().mask.causal = true;
  EXPECT_EQ(other_call(value, info).problem(), value.problem());
}

}  // namespace
}  // namespace attest::properties
