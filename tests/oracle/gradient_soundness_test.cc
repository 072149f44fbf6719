// The bounds of gradients against simulated correct backward kernels on adversarial data: no
// element may exceed its bound; and against kernels with one defect: some element must.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "oracle/compare.h"
#include "oracle/gradient.h"
#include "problem/special_values.h"
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

/// error / bound of everything seen, by tensor.
struct Ratios {
  std::map<std::string, double> worst;  ///< of kernels whose forward pass erred as far as it may
  std::map<std::string, double> worst_exact;  ///< of kernels that start from exact o and lse
  std::int64_t elements = 0, vacuous = 0;

  /// False when the element exceeds its bound.
  bool add(const char* name, double got, const Reference& reference, bool exact_start) {
    ++elements;
    if (reference.bound == kInfinity) {
      ++vacuous;
      return true;
    }
    const double error = std::abs(got - reference.value - reference.low) - reference.ball;
    if (!(error <= reference.bound)) return false;
    if (reference.bound > 0) {
      double& ratio = (exact_start ? worst_exact : worst)[name];
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
      [&](const char*, const std::vector<double>& values,
          const std::vector<Reference>& references) {
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
  const Gradients<double> got = simulate_gradients<T>(c, upstream, forward, style, random);
  for_each_gradient(
      [&](const char* name, const std::vector<double>& values,
          const std::vector<Reference>& references) {
        ASSERT_EQ(values.size(), references.size()) << name;
        for (std::size_t i = 0; i < values.size(); ++i) {
          ASSERT_TRUE(ratios.add(name, values[i], references[i], style.saved_reach == 0))
              << name << " " << i << ": got " << values[i] << ", expected " << references[i].value
              << ", bound " << references[i].bound << ", ball " << references[i].ball;
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
  for (const auto& [name, ratio] : ratios.worst) {
    std::printf(" %s %.3f (from exact o and lse %.3f)", name.c_str(), ratio,
                ratios.worst_exact[name]);
    EXPECT_GT(ratio, 0.3) << name << ": the bound is padded";
  }
  std::printf("\n");
  // dS in e4m3 and scores in f16 overflow early.
  EXPECT_LT(ratios.vacuous * 25, ratios.elements);
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

/// Ordinary numbers, with everything a defect may concern.
RandomCase ordinary_case(DType type) {
  RandomCase c;
  problem::Problem& p = c.problem;
  p.sequences = {{.q_len = 6, .kv_len = 20, .start_pos = {}},
                 {.q_len = 3, .kv_len = 9, .start_pos = {}}};
  p.num_q_heads = 4;
  p.num_kv_heads = 2;
  p.head_dim_qk = p.head_dim_v = 16;
  p.q_dtype = p.k_dtype = p.v_dtype = p.o_dtype = type;
  p.scale = 0.25;
  p.mask.causal = true;
  Random random(7);
  const auto normal = [&](std::int64_t count) {
    problem::Elements elements(type, static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < elements.size(); ++i) elements.set(i, random.normal());
    return elements;
  };
  c.inputs.q = normal(p.total_q() * p.num_q_heads * p.head_dim_qk);
  c.inputs.k = normal(p.total_kv() * p.num_kv_heads * p.head_dim_qk);
  c.inputs.v = normal(p.total_kv() * p.num_kv_heads * p.head_dim_v);
  return c;
}

/// Severity of a kernel with this defect; sums as in the textbook.
double severity_of(Defect defect, RandomCase c, DType type) {
  if (defect == Defect::kNoCapSlope) c.problem.softcap = 2;
  if (defect == Defect::kNoSinkGradient || defect == Defect::kNoSinkInLse)
    c.problem.sinks = {0.5, 1, -0.5, 0.25};
  if (defect == Defect::kNoVShare) {
    c.problem.v_is_k_prefix = true;
    c.inputs.v = {};
  }
  Upstream upstream = random_upstream(5, UpstreamKind::kNormal, c.problem);
  upstream.lse = tests::random_upstream(1, UpstreamKind::kLseOnly, c.problem).lse;
  GradientStyle style;
  style.p_dtype = type;
  style.heads_apart = true;
  style.defect = defect;
  Random random(1);
  const problem::Numerics numerics = numerics_of(style, DType::kF32);
  const Deviation deviation =
      judge(simulate_gradients<float>(c, upstream, expect_attend(c.problem, c.inputs, numerics),
                                      style, random),
            expect_gradients(c.problem, c.inputs, upstream, numerics), type);
  EXPECT_EQ(deviation.bad(), defect != Defect::kNone) << "defect " << static_cast<int>(defect);
  return deviation.severity;
}

TEST(GradientBounds, RevealEveryDefectOnOrdinaryData) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16}) {
    std::printf("  %s: severity", std::string(name_of(type)).c_str());
    for (const Defect defect :
         {Defect::kNone, Defect::kNoCapSlope, Defect::kNoDelta, Defect::kNoLseGradient,
          Defect::kNoSinkGradient, Defect::kNoSinkInLse, Defect::kOneHeadOfGroup,
          Defect::kWrongScale, Defect::kNoVShare}) {
      std::printf(" %.3g", severity_of(defect, ordinary_case(type), type));
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace attest::oracle
