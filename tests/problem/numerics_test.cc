#include "problem/numerics.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace attest::problem {
namespace {

TEST(GenericNumerics, HaveOneTypeThroughout) {
  for (const DType type : {DType::kF64, DType::kF32, DType::kF16}) {
    const Numerics n = generic_numerics(type);
    EXPECT_EQ(n.accumulate, type);
    EXPECT_EQ(n.score_dtype, type);
    EXPECT_EQ(n.p_dtype, type);
    EXPECT_EQ(n.part_dtype, type);
  }
}

TEST(NumericsPresets, HaveNamesThatACKernelCanWrite) {
  std::set<std::string_view> names;
  for (const NumericsPreset& preset : numerics_presets()) {
    EXPECT_TRUE(std::all_of(preset.name.begin(), preset.name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    })) << preset.name;
    EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
    EXPECT_FALSE(preset.description.empty()) << preset.name;
    EXPECT_EQ(preset.description.find('\n'), std::string_view::npos) << preset.name;
    EXPECT_FALSE(preset.q_dtypes.empty()) << preset.name;
    EXPECT_EQ(find_numerics_preset(preset.name), &preset);
  }
  for (const char* name : {"generic", "cpu_scalar", "cpu_simd", "flash2", "flash3", "flash3_fp8",
                           "ggml_f16", "paged_v1", "flash_decoding", "triton_unified"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(NumericsPresets, AreForTheTypesOfQTheyTake) {
  EXPECT_TRUE(preset_numerics("flash2", DType::kBF16).has_value());
  EXPECT_FALSE(preset_numerics("flash2", DType::kF32).has_value());
  EXPECT_FALSE(preset_numerics("flash3_fp8", DType::kF16).has_value());
  EXPECT_FALSE(preset_numerics("flash9", DType::kF16).has_value());
  EXPECT_FALSE(preset_numerics("", DType::kF16).has_value());
}

TEST(NumericsPresets, FollowTheTypeOfQ) {
  EXPECT_EQ(preset_numerics("generic", DType::kF64)->accumulate, DType::kF64);
  EXPECT_EQ(preset_numerics("generic", DType::kBF16), generic_numerics(DType::kF32));
  EXPECT_EQ(preset_numerics("cpu_scalar", DType::kF64)->p_dtype, DType::kF64);
  EXPECT_EQ(preset_numerics("flash2", DType::kF16)->p_dtype, DType::kF16);
  EXPECT_EQ(preset_numerics("flash2", DType::kBF16)->p_dtype, DType::kBF16);
  EXPECT_EQ(preset_numerics("flash3_fp8", DType::kE4M3)->p_dtype, DType::kE4M3);
  for (const NumericsPreset& preset : numerics_presets()) {
    for (const DType type : all_dtypes()) {
      EXPECT_EQ(preset_numerics(preset.name, type).has_value(), preset.takes(type)) << preset.name;
    }
  }
}

TEST(NumericsPresets, SumInF32OrBetter) {
  for (const NumericsPreset& preset : numerics_presets()) {
    for (const DType type : preset.q_dtypes) {
      const Numerics n = preset.numerics(type);
      EXPECT_LE(unit_roundoff(n.accumulate), unit_roundoff(DType::kF32)) << preset.name;
      // Where nothing is rounded to a smaller type, the field says the accumulation type.
      EXPECT_EQ(n.score_dtype, n.accumulate) << preset.name;
      EXPECT_EQ(n.part_dtype, n.accumulate) << preset.name;
    }
  }
}

TEST(NameOf, SaysHowSumsAreRounded) {
  EXPECT_EQ(name_of(Accumulator::kAlignedTruncating), "aligned");
  EXPECT_EQ(name_of(WeightSum::kRounded), "rounded");
}

}  // namespace
}  // namespace attest::problem
