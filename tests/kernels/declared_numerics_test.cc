// attest_numerics: what a declaration means, what is refused.
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/builtin.h"
#include "kernels/kernel_info.h"
#include "problem/errors.h"
#include "problem/special_values.h"
#include "tests/kernels/declarations.h"

namespace attest::kernels {
namespace {

using problem::Accumulator;
using problem::DType;
using problem::Numerics;
using problem::WeightSum;
using tests::complaint;
using tests::simple_info;
using tests::simple_kernel;

/// simple_kernel() for q of these types with this preset.
attest_kernel preset_kernel(const char* preset, std::uint32_t q_dtypes) {
  attest_kernel kernel = simple_kernel();
  kernel.capabilities.q_dtypes = q_dtypes;
  kernel.numerics.accumulate = 0;
  kernel.numerics.preset = preset;
  return kernel;
}

constexpr std::uint32_t kHalves = ATTEST_DTYPE_BIT(ATTEST_F16) | ATTEST_DTYPE_BIT(ATTEST_BF16);

TEST(DeclaredNumerics, AreTheGenericOnesWhereNothingIsDeclared) {
  EXPECT_EQ(simple_info().declared_numerics(), problem::generic_numerics(DType::kF32));
}

TEST(DeclaredNumerics, AreWhatIsDeclared) {
  KernelInfo info = simple_info();
  info.numerics = {.struct_size = sizeof(attest_numerics),
                   .accumulate = ATTEST_F64,
                   .accumulator = ATTEST_ACCUMULATE_ALIGNED,
                   .q_prescaled = 1,
                   .p_dtype_plus_1 = ATTEST_BF16 + 1,
                   .merge_levels = 3,
                   .exp_ulp = 1.5,
                   .exp_arg_ulp = 0.5,
                   .tanh_ulp = 2.5,
                   .lazy_rescale = 8,
                   .product_bits = 14,
                   .mma_depth = 16,
                   .mma_extra_bits = 2,
                   .score_dtype_plus_1 = ATTEST_F16 + 1,
                   .weight_sum = ATTEST_SUM_ROUNDED,
                   .p_unnormalised = 1,
                   .p_scale_log2 = -3,
                   .dot_lanes = 4,
                   .value_lanes = 5,
                   .weight_lanes = 6,
                   .tile = 64,
                   .ordered_block = 7,
                   .max_splits = 9,
                   .part_dtype_plus_1 = ATTEST_F32 + 1,
                   .merge_normalises = 1,
                   .keeps_subnormals = 1,
                   .preset = nullptr,
                   .reserved = {}};
  const Numerics wanted = {.accumulate = DType::kF64,
                           .accumulator = Accumulator::kAlignedTruncating,
                           .product_bits = 14,
                           .mma_depth = 16,
                           .mma_extra_bits = 2,
                           .q_prescaled = true,
                           .score_dtype = DType::kF16,
                           .exp_ulp = 1.5,
                           .exp_arg_ulp = 0.5,
                           .tanh_ulp = 2.5,
                           .lazy_rescale = 8,
                           .p_dtype = DType::kBF16,
                           .weight_sum = WeightSum::kRounded,
                           .p_unnormalised = true,
                           .p_scale_log2 = -3,
                           .dot_lanes = 4,
                           .value_lanes = 5,
                           .weight_lanes = 6,
                           .tile = 64,
                           .ordered_block = 7,
                           .max_splits = 9,
                           .merge_levels = 3,
                           .part_dtype = DType::kF32,
                           .merge_normalises = true,
                           .keeps_subnormals = true};
  EXPECT_EQ(info.declared_numerics(), wanted);
}

TEST(DeclaredNumerics, OfAPresetAreItsFactsForTheTypeOfQ) {
  const KernelInfo info = describe(preset_kernel("flash2", kHalves));
  EXPECT_EQ(info.numerics_preset, "flash2");
  EXPECT_EQ(info.numerics.preset, nullptr);
  EXPECT_EQ(info.declared_numerics(DType::kF16), problem::preset_numerics("flash2", DType::kF16));
  EXPECT_EQ(info.declared_numerics(DType::kBF16).p_dtype, DType::kBF16);
}

TEST(DeclaredNumerics, OverridePresetsWhereTheyAreNotZero) {
  attest_kernel kernel = preset_kernel("flash2", kHalves);
  kernel.numerics.tile = 128;
  kernel.numerics.p_dtype_plus_1 = ATTEST_F32 + 1;
  const Numerics n = describe(kernel).declared_numerics();
  EXPECT_EQ(n.tile, 128);
  EXPECT_EQ(n.p_dtype, DType::kF32);
  EXPECT_EQ(n.accumulator, Accumulator::kAlignedTruncating);
}

TEST(DeclaredNumerics, PMayFollowTheTypeOfQWithoutAPreset) {
  attest_kernel kernel = simple_kernel();
  kernel.capabilities.q_dtypes = kHalves;
  kernel.numerics.p_dtype_plus_1 = ATTEST_P_LIKE_Q;
  const KernelInfo info = describe(kernel);
  EXPECT_EQ(info.declared_numerics(DType::kF16).p_dtype, DType::kF16);
  EXPECT_EQ(info.declared_numerics(DType::kBF16).p_dtype, DType::kBF16);
}

TEST(DeclaredNumerics, TravelBetweenProcessesWithTheirPreset) {
  attest_kernel kernel = preset_kernel("triton_unified", kHalves);
  kernel.numerics.value_lanes = 3;
  const KernelInfo info = describe(kernel);
  const KernelInfo copy = deserialise(serialise(info));
  EXPECT_EQ(copy.numerics_preset, "triton_unified");
  EXPECT_EQ(copy.declared_numerics(), info.declared_numerics());
}

TEST(DeclaredNumerics, OfEveryPresetAreAcceptedForEveryTypeItTakes) {
  for (const problem::NumericsPreset& preset : problem::numerics_presets()) {
    for (const DType type : preset.q_dtypes) {
      const std::string name(preset.name);
      const attest_kernel kernel =
          preset_kernel(name.c_str(), ATTEST_DTYPE_BIT(static_cast<unsigned>(type)));
      EXPECT_EQ(complaint(kernel), "");
      EXPECT_EQ(describe(kernel).declared_numerics(type), preset.numerics(type));
    }
  }
}

TEST(DeclaredNumerics, OfBuiltInKernelsOnTheCpuSaySumsAreInOrder) {
  for (const attest_kernel* kernel : builtin_kernels()) {
    const KernelInfo info = describe(*kernel);
    if (info.capabilities.device != ATTEST_CPU || runs_on_executor(*kernel)) continue;
    EXPECT_EQ(info.declared_numerics().ordered_block, 1) << info.name;
    EXPECT_TRUE(info.declared_numerics().keeps_subnormals) << info.name;
  }
}

struct NumericsNonsense {
  const char* says;
  std::function<void(attest_numerics&)> spoil;
};

TEST(Numerics, AreRefusedWithTheFieldThatIsNonsense) {
  const std::vector<NumericsNonsense> all = {
      {"numerics.accumulate = 4: must be 0 to 3", [](auto& n) { n.accumulate = ATTEST_E4M3; }},
      {"numerics.accumulator = 3: must be 0 to 2", [](auto& n) { n.accumulator = 3; }},
      {"numerics.q_prescaled = 2", [](auto& n) { n.q_prescaled = 2; }},
      {"numerics.p_dtype_plus_1 = 7: must be -1 to 6", [](auto& n) { n.p_dtype_plus_1 = 7; }},
      {"numerics.p_dtype_plus_1 = -2", [](auto& n) { n.p_dtype_plus_1 = -2; }},
      {"numerics.score_dtype_plus_1 = -1", [](auto& n) { n.score_dtype_plus_1 = -1; }},
      {"numerics.part_dtype_plus_1 = 7", [](auto& n) { n.part_dtype_plus_1 = 7; }},
      {"numerics.merge_levels = -1", [](auto& n) { n.merge_levels = -1; }},
      {"numerics.exp_ulp = nan: must be finite and >= 0", [](auto& n) { n.exp_ulp = kNaN; }},
      {"numerics.exp_arg_ulp = -1", [](auto& n) { n.exp_arg_ulp = -1; }},
      {"numerics.tanh_ulp = inf", [](auto& n) { n.tanh_ulp = kInfinity; }},
      {"numerics.lazy_rescale = nan", [](auto& n) { n.lazy_rescale = kNaN; }},
      {"numerics.product_bits = 1: must be 0 or 2 to 53", [](auto& n) { n.product_bits = 1; }},
      {"numerics.product_bits = 54", [](auto& n) { n.product_bits = 54; }},
      {"numerics.mma_depth = -8: must be 0 or 2 to 1024", [](auto& n) { n.mma_depth = -8; }},
      {"numerics.mma_depth = 8: needs accumulator ATTEST_ACCUMULATE_ALIGNED",
       [](auto& n) { n.mma_depth = 8; }},
      {"numerics.mma_extra_bits = 2: needs accumulator ATTEST_ACCUMULATE_ALIGNED",
       [](auto& n) { n.mma_extra_bits = 2; }},
      {"numerics.mma_extra_bits = 2: needs mma_depth",
       [](auto& n) { n.accumulator = ATTEST_ACCUMULATE_ALIGNED, n.mma_extra_bits = 2; }},
      {"numerics.weight_sum = 3", [](auto& n) { n.weight_sum = 3; }},
      {"numerics.p_unnormalised = -1", [](auto& n) { n.p_unnormalised = -1; }},
      {"numerics.p_scale_log2 = 33: must be -32 to 32", [](auto& n) { n.p_scale_log2 = 33; }},
      {"numerics.p_scale_log2 = 8: needs p_unnormalised", [](auto& n) { n.p_scale_log2 = 8; }},
      {"numerics.lazy_rescale = 0, numerics.p_scale_log2 = 9: 2^p_scale_log2 e^lazy_rescale "
       "overflows "
       "e4m3",
       [](auto& n) {
         n.p_dtype_plus_1 = ATTEST_E4M3 + 1, n.p_unnormalised = 1, n.p_scale_log2 = 9;
       }},
      {"numerics.dot_lanes = -1: must be 0 or 1 to 65536", [](auto& n) { n.dot_lanes = -1; }},
      {"numerics.value_lanes = 65537", [](auto& n) { n.value_lanes = 65537; }},
      {"numerics.weight_lanes = -4", [](auto& n) { n.weight_lanes = -4; }},
      {"numerics.tile = -1: must be 0 or 1 to 1048576", [](auto& n) { n.tile = -1; }},
      {"numerics.ordered_block = -1", [](auto& n) { n.ordered_block = -1; }},
      {"numerics.max_splits = -1", [](auto& n) { n.max_splits = -1; }},
      {"numerics.merge_levels = 2: with max_splits = 1 there is nothing to merge",
       [](auto& n) { n.max_splits = 1, n.merge_levels = 2; }},
      {"numerics.merge_normalises = 2", [](auto& n) { n.merge_normalises = 2; }},
      {"numerics.keeps_subnormals = 2", [](auto& n) { n.keeps_subnormals = 2; }},
      {"numerics.reserved = 1: must be 0", [](auto& n) { n.reserved[3] = 1; }},
      {"numerics.preset = flash9: must be one of generic, ", [](auto& n) { n.preset = "flash9"; }},
      {"numerics.preset = a\\x1b[31m: must be", [](auto& n) { n.preset = "a\033[31m"; }},
      {"numerics.preset = flash2: does not describe kernels with q in f32",
       [](auto& n) { n.preset = "flash2"; }},
  };
  for (const NumericsNonsense& nonsense : all) {
    attest_kernel kernel = simple_kernel();
    nonsense.spoil(kernel.numerics);
    const std::string said = complaint(kernel);
    EXPECT_NE(said.find(nonsense.says), std::string::npos)
        << "expected: " << nonsense.says << "\nsaid: " << said;
    EXPECT_EQ(said.find('\n'), std::string::npos);
    EXPECT_EQ(said.find('\033'), std::string::npos);
  }
}

TEST(Numerics, AreRefusedWhereTheyAreTooLooseToFindMistakes) {
  const std::vector<NumericsNonsense> all = {
      {"(most of it accumulate)", [](auto& n) { n.accumulate = ATTEST_BF16; }},
      {"(most of it exp_ulp)", [](auto& n) { n.exp_ulp = 0x1p18; }},
      {"(most of it exp_arg_ulp)", [](auto& n) { n.exp_arg_ulp = 0x1p18; }},
      {"numerics.tanh_ulp = 32768: tanh off by 0.002, at most 0.00098 is accepted",
       [](auto& n) { n.tanh_ulp = 0x1p15; }},
      {"(most of it product_bits)", [](auto& n) { n.product_bits = 8; }},
      {"(most of it score_dtype)", [](auto& n) { n.score_dtype_plus_1 = ATTEST_E4M3 + 1; }},
      {"(most of it p_dtype)", [](auto& n) { n.p_dtype_plus_1 = ATTEST_E4M3 + 1; }},
      {"(most of it merge_levels)",
       [](auto& n) { n.merge_levels = 64, n.part_dtype_plus_1 = ATTEST_BF16 + 1; }},
      {"(most of it lazy_rescale)", [](auto& n) { n.lazy_rescale = 50, n.exp_arg_ulp = 1e5; }},
      {"numerics.lazy_rescale = 100: e^this overflows f32", [](auto& n) { n.lazy_rescale = 100; }},
  };
  for (const NumericsNonsense& loose : all) {
    attest_kernel kernel = simple_kernel();
    loose.spoil(kernel.numerics);
    const std::string said = complaint(kernel);
    EXPECT_NE(said.find(loose.says), std::string::npos)
        << "expected: " << loose.says << "\nsaid: " << said;
  }
}

TEST(Numerics, OfAKernelThatTakesF64AreF64WhateverThePresetSays) {
  EXPECT_EQ(complaint(preset_kernel("cpu_scalar", ATTEST_DTYPE_BIT(ATTEST_F64))), "");
  attest_kernel kernel = preset_kernel("cpu_scalar", ATTEST_DTYPE_BIT(ATTEST_F64));
  kernel.numerics.accumulate = ATTEST_F32;
  EXPECT_NE(complaint(kernel).find("must be f64 for a kernel that takes f64"), std::string::npos);
}

TEST(Numerics, ShorterThanTheirPresetHaveNone) {
  attest_kernel kernel = simple_kernel();
  kernel.numerics.preset = "flash9";
  kernel.numerics.struct_size = offsetof(attest_numerics, preset) + 4;
  EXPECT_EQ(complaint(kernel), "");
  EXPECT_EQ(describe(kernel).numerics_preset, "");
}

}  // namespace
}  // namespace attest::kernels
