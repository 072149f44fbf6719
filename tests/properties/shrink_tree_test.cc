#include "properties/shrink_tree.h"

#include <gtest/gtest.h>

#include "properties/property.h"
#include "shrinkers/order.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

TEST(ShrinkTree, HasTheDrawnCaseAtItsRoot) {
  const kernels::KernelInfo info = tests::builtin("cpu/split_kv_f32");
  const Property& property = *find_property("partition.cuts");
  for (std::uint64_t k = 0; k < 20; ++k) {
    EXPECT_EQ(draw_shrinkable(property, info, 1, k).value(), draw_case(property, info, 1, k));
  }
}

TEST(ShrinkTree, ShrinksToValidSmallerCasesOfTheSamePropertyAndKernel) {
  const kernels::KernelInfo info = tests::builtin("cpu/split_kv_f32");
  for (const Property& property : all_properties()) {
    if (!property.applies(info)) continue;
    SCOPED_TRACE(property.id);
    for (const std::uint64_t k : {2, 31}) {
      const auto root = draw_shrinkable(property, info, 1, k);
      const shrinkers::Complexity before = shrinkers::complexity(root.value());
      auto shrinks = root.shrinks();
      int count = 0;
      for (; count < 25; ++count) {
        const auto next = shrinks.next();
        if (!next) break;
        const problem::Case value = next->value();
        const auto error = problem::find_error(value);
        ASSERT_FALSE(error) << *error;
        ASSERT_TRUE(shrinkers::complexity(value) < before);
        ASSERT_EQ(value.property, property.id);
        ASSERT_EQ(value.kernel, info.name);
      }
      EXPECT_GT(count, 3) << "case " << k;
    }
  }
}

TEST(ShrinkTree, EndsWhenTheFirstShrinkIsAlwaysTaken) {
  const kernels::KernelInfo info = tests::builtin("cpu/dense_f32");
  auto node = draw_shrinkable(*find_property("oracle.output"), info, 1, 9);
  int steps = 0;
  for (; steps < 2000; ++steps) {
    auto next = node.shrinks().next();
    if (!next) break;
    node = *next;
  }
  EXPECT_LT(steps, 2000);
  EXPECT_GT(steps, 3);
}

}  // namespace
}  // namespace attest::properties
