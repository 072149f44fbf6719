// The bounds against simulated correct kernels on adversarial data: no element may exceed its
// bound, whether its kernel declares all it could or nothing about order. And the bounds are
// attained: something comes near them.
#include "tests/oracle/soundness.h"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "oracle/expected.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated/simulated_kernel.h"
#include "tests/oracle/simulated/style.h"

namespace attest::tests {
namespace {

using problem::DType;

/// Kernels of one kind on inputs of one kind.
struct Family {
  std::string_view name;
  DType inputs, p, output;
  std::uint64_t seeds;  ///< times kNumData cases
  std::int64_t max_tokens, max_dim;
  double attained = 0;  ///< worst error / bound of the outputs is at least this
  bool mixed = false;   ///< P, scores and partial outputs may be stored in any smaller type
};

void PrintTo(const Family& family, std::ostream* stream) { *stream << family.name; }

constexpr double kAttained = 0.3;
constexpr double kAttained16Bit = 0.9;

constexpr Family kFamilies[] = {
    {"f32", DType::kF32, DType::kF32, DType::kF32, 1200, 8, 6, kAttained},
    {"f32_long", DType::kF32, DType::kF32, DType::kF32, 40, 300, 64},
    {"f32_mixed", DType::kF32, DType::kF32, DType::kF32, 1200, 8, 6, kAttained16Bit, true},
    {"f32_mixed_long", DType::kF32, DType::kF32, DType::kF32, 40, 300, 64, 0, true},
    {"f64", DType::kF64, DType::kF64, DType::kF64, 800, 8, 6, kAttained},
    {"f64_long", DType::kF64, DType::kF64, DType::kF64, 20, 300, 64},
    {"f16_p_f16_out_f32", DType::kF16, DType::kF16, DType::kF32, 700, 16, 8, kAttained16Bit},
    {"f16_p_f32_out_f16", DType::kF16, DType::kF32, DType::kF16, 700, 16, 8, kAttained16Bit},
    {"bf16_p_bf16_out_bf16", DType::kBF16, DType::kBF16, DType::kBF16, 700, 16, 8, kAttained16Bit},
    {"e4m3_p_e4m3_out_bf16", DType::kE4M3, DType::kE4M3, DType::kBF16, 700, 16, 8, kAttained16Bit},
    {"bf16_mixed_long", DType::kBF16, DType::kBF16, DType::kBF16, 40, 300, 64, 0, true},
};

/// At most one element in so many may overflow, and decide nothing.
constexpr std::int64_t kVacuousShare = 50;

/// Scores below -6e4 need a k that e4m3 does not have.
bool fits(Data data, DType type) { return data != Data::kLowScores || problem::size_of(type) > 1; }

/// Hides all but every n-th key: tiles and lanes of keys are then of unequal use.
void thin_out(problem::Problem& problem, std::int64_t n) {
  problem.mask.custom.clear();
  for (const problem::Sequence& s : problem.sequences) {
    std::vector<std::uint8_t> mask;
    for (std::int64_t i = 0; i < s.q_len * s.kv_len; ++i)
      mask.push_back(i % s.kv_len % n == 0 ? 1 : 0);
    problem.mask.custom.push_back(mask);
  }
}

class Soundness : public testing::TestWithParam<Family> {
 protected:
  /// One kernel on one case, judged by all it may declare, by a part of it and by no order at all.
  void check(std::uint64_t seed, Data data) {
    const Family& family = GetParam();
    Random random(seed * 1000 + static_cast<std::uint64_t>(data));
    RandomCase c = random_case(
        seed, data,
        {.dtype = family.inputs, .max_tokens = family.max_tokens, .max_dim = family.max_dim});
    c.problem.o_dtype = family.output;
    if (random.chance(10)) thin_out(c.problem, random.between(2, 17));
    const DType accumulate = family.inputs == DType::kF64 ? DType::kF64 : DType::kF32;
    const Style style = random_style(
        random, {.accumulate = accumulate, .p_dtype = family.p, .mixed = family.mixed});
    oracle::ExpectOptions options;
    if (random.chance(15)) {  // a partial state
      for (const problem::Sequence& s : c.problem.sequences) {
        const std::int64_t begin = random.between(0, s.kv_len);
        options.keys.push_back({.begin = begin, .end = random.between(begin, s.kv_len)});
      }
    }
    const SimulatedCall call(c.problem, c.inputs);
    const SimulatedOutputs got = simulate_call(call, style, random, options.keys);
    const problem::Numerics all = numerics_of(style);
    judge(c, got, options, all, "all", declared_, style);
    judge(c, got, options, declare_less(all, random), "less", declared_, style);
    judge(c, got, options, any_order(all), "no order", any_order_, style);
  }

  void report() const {
    const std::string_view name = GetParam().name;
    fmt::print(
        "  {}: error / bound at most {:.3f} (o), {:.3f} (lse) declared, {:.3f}, {:.3f} any "
        "order; {} elements, {} vacuous, {} calls undecided\n",
        name, declared_.worst_o, declared_.worst_lse, any_order_.worst_o, any_order_.worst_lse,
        declared_.elements, declared_.vacuous, declared_.undecided);
    EXPECT_LT(declared_.vacuous * kVacuousShare, declared_.elements);
    EXPECT_LT(any_order_.vacuous * kVacuousShare, any_order_.elements);
    EXPECT_GE(declared_.worst_o, GetParam().attained);
  }

 private:
  void judge(const RandomCase& c, const SimulatedOutputs& got, const oracle::ExpectOptions& options,
             const problem::Numerics& numerics, const char* declares, Tally& tally,
             const Style& style) {
    oracle::Expected expected = expect_attend(c.problem, c.inputs, numerics, options);
    const std::string excess = tally.add(c, got, options, expected);
    EXPECT_EQ(excess, "") << "declaring " << declares << ": " << describe(style);
  }

  Tally declared_, any_order_;
};

TEST_P(Soundness, NoElementExceedsItsBoundAndSomeComeNear) {
  const std::uint64_t seeds = GetParam().seeds * soundness_factor();
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (int data = 0; data < kNumData; ++data) {
      if (!fits(static_cast<Data>(data), GetParam().inputs)) continue;
      SCOPED_TRACE(fmt::format("seed {} data {}", seed, data));
      check(seed, static_cast<Data>(data));
      if (HasFailure()) return;
    }
  }
  report();
}

INSTANTIATE_TEST_SUITE_P(Families, Soundness, testing::ValuesIn(kFamilies),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace attest::tests
