// The bounds against thousands of simulated correct kernels on adversarial data: no element may
// exceed its bound.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "oracle/expected.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated_kernel.h"

namespace attest::oracle {
namespace {

using problem::DType;
using tests::Data;
using tests::Random;
using tests::random_case;
using tests::RandomCase;
using tests::SimulatedRow;
using tests::Style;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// error / bound of everything seen.
struct Ratios {
  double worst_o = 0, worst_lse = 0;
  std::int64_t elements = 0, vacuous = 0;

  /// False when the element exceeds its bound.
  bool add(double got, const Reference& reference, double& worst) {
    ++elements;
    if (reference.kind != Kind::kFinite) return !std::isfinite(got);
    if (reference.bound == kInfinity) {
      ++vacuous;
      return true;
    }
    const auto error =
        static_cast<double>(std::abs(static_cast<long double>(got) - reference.value));
    if (error <= reference.ball) return true;
    const double ratio = (error - reference.ball) / reference.bound;
    if (!(ratio <= 1)) return false;
    worst = std::max(worst, ratio);
    return true;
  }
};

std::string describe(const Style& s) {
  char text[400];
  std::snprintf(text, sizeof text,
                "dot %d values %d weights %d scaling %d merge %d tile %d splits %d order %d "
                "two_pass %d first %d tanh %d worst "
                "%d biased %d flush %d sink_first %d per_lane %d lazy %g acc %d p %d prescaled %d",
                static_cast<int>(s.dot), static_cast<int>(s.values), static_cast<int>(s.weights),
                static_cast<int>(s.scaling), static_cast<int>(s.merge), static_cast<int>(s.tile),
                static_cast<int>(s.splits), s.tile_order, s.two_pass, s.normalise_first,
                s.tanh_of_exps, s.worst_exp, s.biased_exp, s.flush, s.sink_first, s.scales_per_lane,
                s.lazy, static_cast<int>(s.accumulator), static_cast<int>(s.p_dtype),
                s.q_prescaled);
  return text;
}

template <typename T>
void check_case(const RandomCase& c, const Style& style, DType accumulate, Random& random,
                Ratios& ratios) {
  ExpectOptions options;
  if (random.chance(15)) {  // a partial state
    for (const problem::Sequence& s : c.problem.sequences) {
      const std::int64_t begin = random.between(0, s.kv_len);
      options.keys.push_back({.begin = begin, .end = random.between(begin, s.kv_len)});
    }
  }
  const Expected expected =
      expect_attend(c.problem, c.inputs, numerics_of(style, accumulate), options);
  const auto lanes = static_cast<std::size_t>(c.problem.head_dim_v);
  std::size_t flat = 0;
  for (std::int64_t b = 0; b < c.problem.batch(); ++b) {
    std::optional<problem::Range> keys;
    if (!options.keys.empty()) keys = options.keys[static_cast<std::size_t>(b)];
    for (std::int64_t row = 0; row < c.problem.sequences[static_cast<std::size_t>(b)].q_len;
         ++row) {
      for (std::int64_t head = 0; head < c.problem.num_q_heads; ++head, ++flat) {
        const SimulatedRow got =
            simulate_row<T>(c.problem, c.inputs, b, head, row, style, random, keys);
        for (std::size_t d = 0; d < lanes; ++d) {
          const Reference& reference = expected.o[flat * lanes + d];
          ASSERT_TRUE(ratios.add(got.o[d], reference, ratios.worst_o))
              << "o of row " << flat << " lane " << d << ": got " << got.o[d] << ", expected "
              << static_cast<double>(reference.value) << ", bound " << reference.bound << ", ball "
              << reference.ball;
        }
        const Reference& reference = expected.lse[flat];
        ASSERT_TRUE(ratios.add(got.lse, reference, ratios.worst_lse))
            << "lse of row " << flat << ": got " << got.lse << ", expected "
            << static_cast<double>(reference.value) << ", bound " << reference.bound;
      }
    }
  }
}

/// ATTEST_SOUNDNESS_FACTOR=20 looks twenty times as long.
std::uint64_t seeds_of(std::uint64_t usual) {
  const char* factor = std::getenv("ATTEST_SOUNDNESS_FACTOR");
  return factor == nullptr ? usual : usual * std::strtoull(factor, nullptr, 10);
}

void report(const Ratios& ratios) {
  std::printf("  error / bound at most %.3f (o), %.3f (lse) over %ld elements, %ld vacuous\n",
              ratios.worst_o, ratios.worst_lse, static_cast<long>(ratios.elements),
              static_cast<long>(ratios.vacuous));
  EXPECT_LT(ratios.vacuous * 100, ratios.elements);
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
      const Style style = random_style(random, accumulate);
      SCOPED_TRACE("seed " + std::to_string(seed) + " data " + std::to_string(data) + " kernel " +
                   describe(style));
      check_case<T>(c, style, accumulate, random, ratios);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  report(ratios);
}

/// States over random values, all merged by one kernel.
template <typename T>
void merge_campaign(DType accumulate, std::uint64_t seeds) {
  Ratios ratios;
  for (std::uint64_t seed = 0; seed < seeds_of(seeds); ++seed) {
    Random random(seed);
    const auto count = static_cast<std::size_t>(random.between(1, 9));
    const auto lanes = static_cast<std::size_t>(random.between(1, 4));
    const double spread = random.one_of({0.0, 1e-6, 1.0, 30.0, 1e4});
    const double offset = random.one_of({0.0, -7e4, 1e3});
    std::vector<problem::Elements> o, lse;
    std::vector<tests::SimulatedState> given;
    for (std::size_t s = 0; s < count; ++s) {
      const bool empty = random.chance(15);
      o.emplace_back(accumulate, lanes);
      lse.emplace_back(accumulate, 1);
      lse.back().set(0, empty ? -kInfinity : offset + spread * random.normal());
      for (std::size_t d = 0; d < lanes; ++d) {
        o.back().set(
            d,
            empty ? 0 : (s % 2 == 0 ? 1 : -1) * (1 + random.normal() * random.one_of({1e-6, 1.0})));
      }
      tests::SimulatedState state{.o = {}, .lse = lse.back().value(0)};
      for (std::size_t d = 0; d < lanes; ++d) state.o.push_back(o.back().value(d));
      given.push_back(state);
    }
    std::vector<StateView> views;
    for (std::size_t s = 0; s < count; ++s) views.push_back({.o = &o[s], .lse = &lse[s]});
    Style style = random_style(random, accumulate);
    style.lazy = 0;
    style.p_dtype = accumulate;
    style.normalise_first = false;
    const Expected expected =
        expect_merge(1, static_cast<std::int64_t>(lanes), views, numerics_of(style, accumulate));
    const SimulatedRow got = simulate_merge<T>(given, style, random);
    SCOPED_TRACE("seed " + std::to_string(seed) + " kernel " + describe(style));
    for (std::size_t d = 0; d < lanes; ++d) {
      ASSERT_TRUE(ratios.add(got.o[d], expected.o[d], ratios.worst_o))
          << "o: got " << got.o[d] << ", expected " << static_cast<double>(expected.o[d].value)
          << ", bound " << expected.o[d].bound;
    }
    ASSERT_TRUE(ratios.add(got.lse, expected.lse[0], ratios.worst_lse))
        << "lse: got " << got.lse << ", expected " << static_cast<double>(expected.lse[0].value)
        << ", bound " << expected.lse[0].bound;
  }
  report(ratios);
}

TEST(Soundness, NoShortRowInF32ExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kF32, 1500, 8, 6);
}
TEST(Soundness, NoShortRowInF64ExceedsItsBound) {
  campaign<double>(DType::kF64, DType::kF64, 1500, 8, 6);
}
TEST(Soundness, NoLongRowInF32ExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kF32, 60, 300, 64);
}
TEST(Soundness, NoLongRowInF64ExceedsItsBound) {
  campaign<double>(DType::kF64, DType::kF64, 40, 300, 64);
}
TEST(Soundness, NoRowOfF16InputsExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kF16, 400, 24, 12);
}
TEST(Soundness, NoRowOfBF16InputsExceedsItsBound) {
  campaign<float>(DType::kF32, DType::kBF16, 400, 24, 12);
}
TEST(Soundness, NoMergeInF32ExceedsItsBound) { merge_campaign<float>(DType::kF32, 50000); }
TEST(Soundness, NoMergeInF64ExceedsItsBound) { merge_campaign<double>(DType::kF64, 50000); }

}  // namespace
}  // namespace attest::oracle
