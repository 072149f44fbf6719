#include <vector>

#include <gtest/gtest.h>

#include "kernels/numerics_floor.h"
#include "oracle/expected.h"
#include "tests/kernels/standard_cases.h"

namespace attest::kernels {
namespace {

using problem::DType;
using problem::Numerics;
using tests::StandardCase;

TEST(WeightError, NamesWhatAddsMostToIt) {
  Numerics n = problem::generic_numerics(DType::kF32);
  EXPECT_LT(weight_error(n, DType::kF32).total, 1e-4);
  n.p_dtype = DType::kE4M3;
  EXPECT_EQ(weight_error(n, DType::kF32).largest, "p_dtype");
  n = problem::generic_numerics(DType::kBF16);
  EXPECT_EQ(weight_error(n, DType::kF32).largest, "accumulate");
  n = problem::generic_numerics(DType::kF32);
  n.q_prescaled = true;
  EXPECT_EQ(weight_error(n, DType::kE4M3).largest, "q_prescaled");
}

TEST(WeightError, IsAboutTheBoundOfTheOracle) {
  const auto numerics = [](auto declare) {
    Numerics n = problem::generic_numerics(DType::kF32);
    declare(n);
    return n;
  };
  const std::vector<Numerics> all = {
      numerics([](Numerics&) {}),
      numerics([](Numerics& n) { n.exp_ulp = 0x1p16; }),
      numerics([](Numerics& n) { n.exp_arg_ulp = 0x1p16; }),
      numerics([](Numerics& n) { n.exp_arg_ulp = 0x1p16, n.lazy_rescale = 4; }),
      numerics([](Numerics& n) { n.product_bits = 12; }),
      numerics([](Numerics& n) {
        n.product_bits = 14, n.accumulator = problem::Accumulator::kAlignedTruncating;
      }),
      numerics([](Numerics& n) { n.score_dtype = DType::kBF16; }),
      numerics([](Numerics& n) { n.p_dtype = DType::kBF16; }),
      numerics([](Numerics& n) { n.merge_levels = 4, n.part_dtype = DType::kBF16; }),
      numerics([](Numerics& n) { n.merge_levels = 64; }),
      *problem::preset_numerics("ggml_f16", DType::kF16),
      *problem::preset_numerics("flash3_fp8", DType::kE4M3)};
  const StandardCase two_keys = tests::standard_cases(DType::kF32)[0];
  for (const Numerics& n : all) {
    const oracle::Expected expected = oracle::expect_attend(two_keys.problem, two_keys.inputs, n);
    const double bound = expected.o[1].bound / expected.o[1].value;
    const double ratio = bound / weight_error(n, DType::kF32).total;
    EXPECT_GT(ratio, 0.8) << weight_error(n, DType::kF32).largest;
    EXPECT_LT(ratio, 1.1) << weight_error(n, DType::kF32).largest;
  }
}

TEST(WeightError, GrowsWithEverythingThatIsDeclaredLooser) {
  const Numerics generic = problem::generic_numerics(DType::kF32);
  std::vector<Numerics> looser(12, generic);
  looser[0].accumulator = problem::Accumulator::kTruncating;
  looser[1].accumulator = problem::Accumulator::kAlignedTruncating;
  looser[2].product_bits = 14;
  looser[3].q_prescaled = true;
  looser[4].score_dtype = DType::kBF16;
  looser[5].exp_ulp *= 2;
  looser[6].exp_arg_ulp *= 2;
  looser[7].merge_levels = 3;
  looser[8].lazy_rescale = 6;
  looser[9].p_dtype = DType::kF16;
  looser[10].merge_levels = 1;
  looser[11].accumulate = DType::kF16;
  for (const problem::Numerics& n : looser) {
    EXPECT_GT(weight_error(n, DType::kF32).total, weight_error(generic, DType::kF32).total);
  }
}

}  // namespace
}  // namespace attest::kernels
