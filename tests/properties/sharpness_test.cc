// Drawn cases are sharp enough to reveal small errors of weights (docs/generators.md).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "oracle/sensitivity.h"
#include "properties/property.h"
#include "properties/scene.h"
#include "tests/properties/kernels_under_test.h"

namespace attest::properties {
namespace {

TEST(Generators, DrawCasesThatRevealASmallErrorOfAWeight) {
  const Property& property = *find_property("oracle.output");
  const kernels::KernelInfo info = tests::builtin("cpu/dense_f32");
  std::vector<double> sensitivities;
  for (std::uint64_t k = 0; k < 300; ++k) {
    const Scene scene = scene_of(draw_case(property, info, 1, k));
    sensitivities.push_back(
        oracle::sensitivity(scene.problem, scene.inputs, info.declared_numerics()));
  }
  std::sort(sensitivities.begin(), sensitivities.end());
  EXPECT_LT(sensitivities[75], 1e-5);
  EXPECT_LT(sensitivities[150], 3e-5);
  // Some see nothing, and are drawn for other defects: no keys, a single key, constant values.
  EXPECT_LT(sensitivities[225], 1);
}

}  // namespace
}  // namespace attest::properties
