// The bounds notice at least so many defects, and never a correct kernel. Wanted rates: those that
// the bounds were designed for; bench/detection.cc prints the whole table beside today's checks.
#include "tests/oracle/detection.h"

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/oracle/defects.h"

namespace attest::tests {
namespace {

/// Percent of the cases flagged by each of our checks, at least. 0: nothing is promised.
struct Wanted {
  Defect defect;
  double any_order = 0, declared = 0, statistical = 0, lse = 0;
};

struct Scene {
  std::string_view name;
  std::size_t kernel;  ///< index into kernel_classes()
  DetectionData data;
  std::int64_t kv_len;
  std::vector<Wanted> wanted;
};

void PrintTo(const Scene& scene, std::ostream* stream) { *stream << scene.name; }

enum : std::size_t { kF32, kBF16PF32, kBF16 };

std::vector<Scene> scenes() {
  using enum Defect;
  using enum DetectionData;
  return {
      {"gaussian_f32",
       kF32,
       kGaussian,
       4096,
       {{kDroppedLastKey, 83, 100, 100, 100},
        {kMaskOffByOne, 100, 100, 100, 100},
        {kScale1e4, 0, 8, 100, 100},
        {kRescale1e4, 0, 0, 100, 100},
        {kAccRescale1e3, 0, 100, 100, 0},
        {kLRescale1e3, 0, 100, 100, 100},
        {kF16Sums, 8, 100, 100, 100},
        {kBF16Scores, 25, 100, 100, 100},
        {kExpRipple, 0, 0, 100, 100},
        {kHeavyKey, 0, 100, 100, 75},
        {kLeak1e3, 0, 75, 100, 0},
        {kLeak1e5, 0, 0, 25, 0},
        {kScale2e2, 100, 100, 100, 100},
        {kZeros, 100, 100, 100, 100},
        {kMeanOfV, 100, 100, 100, 100}}},
      {"gaussian_bf16_p_f32",
       kBF16PF32,
       kGaussian,
       4096,
       {{kDroppedLastKey, 75, 100, 100, 100},
        {kMaskOffByOne, 100, 100, 100, 100},
        {kScale1e4, 0, 0, 100, 100},
        {kRescale1e4, 0, 0, 100, 100},
        {kAccRescale1e3, 0, 100, 100, 0},
        {kLRescale1e3, 0, 100, 100, 100},
        {kF16Sums, 8, 100, 100, 100},
        {kBF16Scores, 0, 100, 100, 100},
        {kExpRipple, 0, 0, 100, 92},
        {kHeavyKey, 0, 83, 100, 75},
        {kLeak1e3, 0, 25, 100, 0},
        {kScale2e2, 100, 100, 100, 100},
        {kZeros, 100, 100, 100, 100},
        {kMeanOfV, 100, 100, 100, 100}}},
      {"gaussian_bf16",
       kBF16,
       kGaussian,
       4096,
       {{kDroppedLastKey, 17, 17, 75, 100},
        {kMaskOffByOne, 0, 0, 92, 100},
        {kScale1e4, 0, 0, 0, 100},
        {kRescale1e4, 0, 0, 0, 100},
        {kLRescale1e3, 0, 0, 0, 100},
        {kF16Sums, 0, 0, 0, 100},
        {kBF16Scores, 0, 0, 0, 100},
        {kExpRipple, 0, 0, 0, 92},
        {kHeavyKey, 0, 0, 0, 75},
        {kScale2e2, 0, 0, 100, 100},
        {kZeros, 100, 100, 100, 100},
        {kMeanOfV, 100, 100, 100, 100}}},
      {"one_hot_f32",
       kF32,
       kOneHotV,
       4096,
       {{kDroppedLastKey, 100, 100, 100, 100},
        {kMaskOffByOne, 100, 100, 100, 100},
        {kScale1e4, 0, 100, 100, 100},
        {kScale1e2, 100, 100, 100, 100},
        {kAccRescale1e3, 100, 100, 100, 0},
        {kRescaleSkipped, 92, 92, 92, 0},
        {kF16Sums, 100, 100, 100, 100},
        {kZeros, 100, 100, 100, 100},
        {kMeanOfV, 100, 100, 100, 100}}},
      {"one_hot_bf16",
       kBF16,
       kOneHotV,
       4096,
       {{kDroppedLastKey, 75, 100, 100, 100},
        {kMaskOffByOne, 92, 100, 100, 100},
        {kScale1e4, 0, 0, 0, 100},
        {kScale1e2, 42, 100, 100, 100},
        {kRescaleSkipped, 75, 83, 83, 0},
        {kF16Sums, 0, 0, 8, 100},
        {kZeros, 100, 100, 100, 100},
        {kMeanOfV, 100, 100, 100, 100}}},
      {"short_gaussian_f32",
       kF32,
       kGaussian,
       65,
       {{kDroppedLastKey, 100, 100, 100, 100},
        {kMaskOffByOne, 100, 100, 100, 100},
        {kScale1e4, 100, 100, 100, 100},
        {kF16Sums, 100, 100, 100, 100},
        {kExpRipple, 100, 100, 100, 0},
        {kScale2e2, 100, 100, 100, 100}}},
      {"short_poisoned_f32", kF32, kPoisonedV, 65, {{kLeak1e5, 100, 100, 100, 0}}},
      {"short_poisoned_bf16_p_f32", kBF16PF32, kPoisonedV, 65, {{kLeak1e5, 100, 100, 100, 0}}},
      {"short_poisoned_bf16", kBF16, kPoisonedV, 65, {{kLeak1e5, 100, 100, 100, 0}}},
  };
}

class Detection : public testing::TestWithParam<Scene> {
 protected:
  /// `got` percent, rounded as the wanted ones are.
  static void expect_at_least(double got, double wanted, Check check, Defect defect) {
    constexpr double kHalf = 0.5;
    EXPECT_GE(got + kHalf, wanted) << name_of(check) << ": " << info_of(defect).description;
  }
};

TEST_P(Detection, FindsAtLeastSoManyDefectsAndNoneWhereThereIsNone) {
  const Scene& scene = GetParam();
  std::vector<Defect> defects{Defect::kNone};
  for (const Wanted& wanted : scene.wanted) defects.push_back(wanted.defect);
  const std::vector<DetectionRates> rates = detection_rates(
      {.kernel = kernel_classes()[scene.kernel], .data = scene.data, .kv_len = scene.kv_len},
      defects);
  const auto of = [&rates](std::size_t i, Check check) {
    return rates[i][static_cast<std::size_t>(check)];
  };
  for (const Check ours : {Check::kAnyOrder, Check::kDeclared, Check::kStatistical, Check::kLse})
    EXPECT_EQ(of(0, ours), 0) << "false alarms, " << name_of(ours);
  for (std::size_t i = 0; i < scene.wanted.size(); ++i) {
    const Wanted& wanted = scene.wanted[i];
    expect_at_least(of(i + 1, Check::kAnyOrder), wanted.any_order, Check::kAnyOrder, wanted.defect);
    expect_at_least(of(i + 1, Check::kDeclared), wanted.declared, Check::kDeclared, wanted.defect);
    expect_at_least(of(i + 1, Check::kStatistical), wanted.statistical, Check::kStatistical,
                    wanted.defect);
    expect_at_least(of(i + 1, Check::kLse), wanted.lse, Check::kLse, wanted.defect);
  }
}

INSTANTIATE_TEST_SUITE_P(Scenes, Detection, testing::ValuesIn(scenes()),
                         [](const auto& scene) { return std::string(scene.param.name); });

}  // namespace
}  // namespace attest::tests
