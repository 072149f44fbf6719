// Hill climbing on tiny problems: data and kernel are changed step by step to bring error / bound
// up. Never above 1, or the bound is wrong; and far enough, or it is padded.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "oracle/compare.h"
#include "oracle/expected.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated/simulated_kernel.h"
#include "tests/oracle/simulated/style.h"
#include "tests/oracle/soundness.h"

namespace attest::tests {
namespace {

using problem::DType;
using problem::Elements;

struct Slope {
  std::string_view name;
  DType inputs, p, output;
  double reached;             ///< at least
  std::int64_t keys = 4;      ///< at most
  bool matrix_units = false;  ///< truncating accumulators as well
};

void PrintTo(const Slope& slope, std::ostream* stream) { *stream << slope.name; }

constexpr Slope kSlopes[] = {
    {"f32", DType::kF32, DType::kF32, DType::kF32, 0.3},
    {"f32_more_keys", DType::kF32, DType::kF32, DType::kF32, 0.3, 20, true},
    {"bf16_p_bf16_out_f32", DType::kBF16, DType::kBF16, DType::kF32, 0.9},
    {"bf16_p_bf16_out_bf16", DType::kBF16, DType::kBF16, DType::kBF16, 0.9},
    {"e4m3_p_e4m3_out_f32", DType::kE4M3, DType::kE4M3, DType::kF32, 0.9},
};

constexpr int kClimbs = 300;
constexpr int kSteps = 1000;
constexpr std::int64_t kLargestDim = 4;

/// One place on the slope.
struct Place {
  problem::Problem problem;
  problem::Inputs inputs;
  Style style;
  std::uint64_t seed = 0;  ///< of the kernel's own roundings
  double height = 0;       ///< worst error / bound
};

class Climb : public testing::TestWithParam<Slope> {
 protected:
  /// Everything in the types of this slope: nothing else is stored in a smaller one.
  Style draw_style(Random& random) const {
    Style style =
        random_style(random, {.p_dtype = GetParam().p, .matrix_units = GetParam().matrix_units});
    style.q_prescaled = false;
    return style;
  }

  double draw_number(Random& random) const {
    const double size = random.one_of({0.01, 0.3, 1.0, 1.0, 3.0, 30.0});
    const double normal = random.normal();
    return random.one_of({1.0, -1.0, normal, normal}) * size;
  }

  Place start(Random& random) const {
    Place place;
    problem::Problem& p = place.problem;
    p.sequences = {{.q_len = 1, .kv_len = random.between(1, GetParam().keys)}};
    p.head_dim_qk = random.between(1, kLargestDim);
    p.head_dim_v = random.between(1, 2);
    p.scale = random.one_of({1.0, 0.5, 0.7});
    p.q_dtype = p.k_dtype = p.v_dtype = GetParam().inputs;
    p.o_dtype = GetParam().output;
    const auto fill = [&](std::int64_t count) {
      Elements elements(p.q_dtype, static_cast<std::size_t>(count));
      for (std::size_t i = 0; i < elements.size(); ++i) elements.set(i, draw_number(random));
      return elements;
    };
    place.inputs.q = fill(p.head_dim_qk);
    place.inputs.k = fill(p.sequences[0].kv_len * p.head_dim_qk);
    place.inputs.v = fill(p.sequences[0].kv_len * p.head_dim_v);
    place.style = draw_style(random);
    place.seed = random.bits();
    return place;
  }

  void change_number(Place& place, Random& random) const {
    Elements& tensor = *random.one_of({&place.inputs.q, &place.inputs.k, &place.inputs.v});
    const auto i =
        static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(tensor.size()) - 1));
    const double was = tensor.value(i);
    switch (random.between(0, 3)) {
      case 0:
        tensor.set(i, draw_number(random));
        break;
      case 1:
        tensor.set(i, -was);
        break;
      case 2:
        tensor.set(i, was * random.uniform(0.8, 1.25));
        break;
      default: {  // the next number
        const double next = problem::decode(tensor.type(), tensor.bits(i) ^ 1);
        if (next == next) tensor.set(i, next);
      }
    }
  }

  void change_kernel(Style& style, Random& random) const {
    const Style other = draw_style(random);
    switch (random.between(0, 5)) {
      case 0:
        style.dot = other.dot;
        style.values = other.values;
        style.value_lanes = other.value_lanes;
        style.weights = other.weights;
        style.weight_lanes = other.weight_lanes;
        style.accumulator = other.accumulator;
        style.product_bits = other.product_bits;
        style.mma_depth = other.mma_depth;
        style.mma_extra_bits = other.mma_extra_bits;
        break;
      case 1:
        style.scaling = other.scaling;
        break;
      case 2:
        style.tile = other.tile;
        style.tile_order = other.tile_order;
        break;
      case 3:
        style.worst_exp = other.worst_exp;
        style.biased_exp = other.biased_exp;
        style.exp_ulp = other.exp_ulp;
        style.exp_arg_ulp = other.exp_arg_ulp;
        break;
      case 4:
        style.reciprocal = other.reciprocal;
        style.flush = other.flush;
        style.rounded_weights_in_sum = other.rounded_weights_in_sum;
        break;
      default:
        style = other;
    }
  }

  Place neighbour(const Place& place, Random& random) const {
    Place next = place;
    const std::int64_t kind = random.between(0, 9);
    if (kind < 7) change_number(next, random);
    if (kind == 7) change_kernel(next.style, random);
    if (kind >= 8) next.seed = random.bits();
    return next;
  }

  /// Sets the height; false when a bound is exceeded.
  static bool measure(Place& place) {
    const SimulatedCall call(place.problem, place.inputs);
    Random random(place.seed);
    const SimulatedOutputs got = simulate_call(call, place.style, random);
    const oracle::Expected expected =
        oracle::expect_attend(place.problem, place.inputs, numerics_of(place.style));
    const oracle::Deviation o = oracle::compare(got.o, expected.o);
    const oracle::Deviation lse = oracle::compare(got.lse, expected.lse);
    place.height = o.vacuous > 0 ? 0 : o.severity;
    return !o.bad() && !lse.bad();
  }

  static std::string describe_place(const Place& place) {
    std::string text = fmt::format("scale {} height {} {}\n", place.problem.scale, place.height,
                                   describe(place.style));
    for (const Elements* tensor : {&place.inputs.q, &place.inputs.k, &place.inputs.v}) {
      for (std::size_t i = 0; i < tensor->size(); ++i)
        text += fmt::format("{:.9g} ", tensor->value(i));
      text += "\n";
    }
    return text;
  }
};

TEST_P(Climb, NeverLeavesTheBoundAndComesNear) {
  Place best;
  for (std::uint64_t climb = 0; climb < kClimbs * soundness_factor(); ++climb) {
    Random random(climb);
    Place place = start(random);
    ASSERT_TRUE(measure(place)) << describe_place(place);
    for (int step = 0; step < kSteps; ++step) {
      Place next = neighbour(place, random);
      ASSERT_TRUE(measure(next)) << describe_place(next);
      if (next.height >= place.height) place = next;
    }
    if (place.height > best.height) best = place;
  }
  fmt::print("  {}: error / bound up to {:.3f}\n", GetParam().name, best.height);
  EXPECT_GE(best.height, GetParam().reached) << describe_place(best);
}

INSTANTIATE_TEST_SUITE_P(Slopes, Climb, testing::ValuesIn(kSlopes),
                         [](const auto& slope) { return std::string(slope.param.name); });

}  // namespace
}  // namespace attest::tests
