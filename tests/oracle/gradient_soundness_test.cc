// The bounds of gradients against simulated correct backward kernels on adversarial data: no element
// may exceed its bound; and against kernels with one defect: some element must.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "oracle/compare.h"
#include "oracle/gradient.h"
#include "tests/oracle/gradient_case.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated_gradient.h"

namespace attest::oracle {
namespace {

using problem::DType;
using tests::Data;
using tests::Defect;
using tests::for_each_gradient;
using tests::GradientStyle;
using tests::Random;
using tests::random_case;
using tests::random_upstream;
using tests::RandomCase;
using tests::UpstreamKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// error / bound of everything seen, by tensor.
struct Ratios {
  std::map<std::string, double> worst;
  std::int64_t elements = 0, vacuous = 0;

  /// False when the element exceeds its bound.
  bool add(const char* name, double got, const Reference& reference) {
    ++elements;
    if (reference.bound == kInfinity) {
      ++vacuous;
      return true;
    }
    const double error = std::abs(got - static_cast<double>(reference.value)) - reference.ball;
    if (!(error <= reference.bound)) return false;
    if (reference.bound > 0) {
      double& ratio = worst[name];
      ratio = std::max(ratio, error / reference.bound);
    }
    return true;
  }
};

std::string describe(const GradientStyle& s) {
  char text[400];
  std::snprintf(text, sizeof text,
                "dot %d sums %d scaling %d fused %d scale_last %d delta_from_p %d apart %d softmax "
                "%d worst %d biased %d tanh %d from_score %d flush %d per_lane %d heads %d parts "
                "%d reach %g biased %d acc %d p %d part %d prescaled %d",
                static_cast<int>(s.dot), static_cast<int>(s.sums), static_cast<int>(s.scaling),
                s.fused, s.scale_last, s.delta_from_p, s.lse_gradient_apart, s.saved_softmax,
                s.worst_exp, s.biased_exp, s.tanh_of_exps, s.tanh_from_score, s.flush,
                s.scales_per_lane, s.heads_apart, static_cast<int>(s.parts), s.saved_reach,
                s.saved_biased, static_cast<int>(s.accumulator), static_cast<int>(s.p_dtype),
                static_cast<int>(s.part_dtype), s.q_prescaled);
  return text;
}

/// compare() of every tensor, stored as `type`.
Deviation judge(const Gradients<double>& got, const ExpectedGradients& expected, DType type) {
  Deviation worst;
  for_each_gradient(
      [&](const char*, const std::vector<double>& values, const std::vector<Reference>& references) {
        problem::Elements elements(type, values.size());
        for (std::size_t i = 0; i < values.size(); ++i) elements.set(i, values[i]);
        const Deviation deviation = compare(elements, references);
        if (deviation.severity > worst.severity || deviation.bad()) worst = deviation;
      },
      got, expected);
  return worst;
}

template <typename T>
void check_case(const RandomCase& c, const Upstream& upstream, const GradientStyle& style,
                DType accumulate, Random& random, Ratios& ratios) {
  const problem::Numerics numerics = numerics_of(style, accumulate);
  ExpectedGradients expected = expect_gradients(c.problem, c.inputs, upstream, numerics);
  if (accumulate == DType::kF64) refine_gradients(c.problem, c.inputs, upstream, expected);
  const Expected forward = expect_attend(c.problem, c.inputs, numerics);
  const Gradients<double> got =
      simulate_gradients<T>(c, upstream, forward, style, random);
  for_each_gradient(
      [&](const char* name, const std::vector<double>& values,
          const std::vector<Reference>& references) {
        ASSERT_EQ(values.size(), references.size()) << name;
        for (std::size_t i = 0; i < values.size(); ++i) {
          ASSERT_TRUE(ratios.add(name, values[i], references[i]))
              << name << " " << i << ": got " << values[i] << ", expected "
              << static_cast<double>(references[i].value) << ", bound " << references[i].bound
              << ", ball " << references[i].ball;
        }
      },
      got, expected);
  const DType stored = c.problem.o_dtype;
  EXPECT_FALSE(judge(got, expected, stored).bad());
}

/// ATTEST_SOUNDNESS_FACTOR=20 looks twenty times as long.
std::uint64_t seeds_of(std::uint64_t usual) {
  const char* factor = std::getenv("ATTEST_SOUNDNESS_FACTOR");
  return factor == nullptr ? usual : usual * std::strtoull(factor, nullptr, 10);
}

template <typename T>
void campaign(DType accumulate, DType storage, std::uint64_t seeds, std::int64_t max_tokens,
              std::int64_t max_dim) {
  Ratios ratios;
  for (std::uint64_t seed = 0; seed < seeds_of(seeds); ++seed) {
    for (int data = 0; data < tests::kNumData; ++data) {
      Random random(seed * 1000 + static_cast<std::uint64_t>(data));
      const RandomCase c =
          random_case(seed, static_cast<Data>(data),
                      {.dtype = storage, .max_tokens = max_tokens, .max_dim = max_dim});
      const auto kind = static_cast<UpstreamKind>(random.between(0, tests::kNumUpstreamKinds - 1));
      const Upstream upstream = random_upstream(seed, kind, c.problem);
      const GradientStyle style = random_gradient_style(random, accumulate, storage);
      SCOPED_TRACE("seed " + std::to_string(seed) + " data " + std::to_string(data) + " upstream " +
                   std::to_string(static_cast<int>(kind)) + " kernel " + describe(style));
      check_case<T>(c, upstream, style, accumulate, random, ratios);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  std::printf("  %ld elements, %ld vacuous; error / bound at most",
              static_cast<long>(ratios.elements), static_cast<long>(ratios.vacuous));
  for (const auto& [name, ratio] : ratios.worst) std::printf(" %s %.3f", name.c_str(), ratio);
  std::printf("\n");
  EXPECT_LT(ratios.vacuous * 50, ratios.elements);
}

TEST(GradientSoundness, NoSmallCallInF32ExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kF32, 400, 8, 6);
}
TEST(GradientSoundness, NoSmallCallInF64ExceedsItsBound) {
  campaign<double>(DType::kF64, DType::kF64, 30, 8, 6);
}
TEST(GradientSoundness, NoLongCallInF32ExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kF32, 10, 150, 32);
}
TEST(GradientSoundness, NoCallOfF16InputsExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kF16, 120, 24, 12);
}
TEST(GradientSoundness, NoCallOfBF16InputsExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kBF16, 120, 24, 12);
}

}  // namespace
}  // namespace attest::oracle
