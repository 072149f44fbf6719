// The bound of merging given states, against simulated correct merges of adversarial states.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "oracle/compare.h"
#include "oracle/expected.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated/simulated_kernel.h"
#include "tests/oracle/simulated/style.h"
#include "tests/oracle/soundness.h"

namespace attest::tests {
namespace {

using problem::DType;
using problem::Elements;

constexpr std::uint64_t kSeeds = 10000;

struct States {
  std::vector<Elements> o, lse;
  std::size_t lanes = 0;

  std::vector<oracle::StateView> views() const {
    std::vector<oracle::StateView> result;
    for (std::size_t s = 0; s < o.size(); ++s) result.push_back({.o = &o[s], .lse = &lse[s]});
    return result;
  }
  std::vector<SimulatedRow> rows() const {
    std::vector<SimulatedRow> result;
    for (std::size_t s = 0; s < o.size(); ++s) {
      SimulatedRow row{.o = {}, .lse = lse[s].value(0)};
      for (std::size_t d = 0; d < lanes; ++d) row.o.push_back(o[s].value(d));
      result.push_back(row);
    }
    return result;
  }
};

States random_states(Random& random, DType type) {
  const auto count = static_cast<std::size_t>(random.between(1, 9));
  States states;
  states.lanes = static_cast<std::size_t>(random.between(1, 4));
  const double spread = random.one_of({0.0, 1e-6, 1.0, 30.0, 1e4});
  const double offset = random.one_of({0.0, -7e4, 1e3});
  for (std::size_t s = 0; s < count; ++s) {
    const bool empty = random.chance(15);
    states.o.emplace_back(type, states.lanes);
    states.lse.emplace_back(type, 1);
    const double lse = offset + spread * random.normal();
    states.lse.back().set(0, empty ? -kInfinity : lse);
    for (std::size_t d = 0; d < states.lanes; ++d) {
      const double noise = random.normal();
      const double o = (s % 2 == 0 ? 1 : -1) * (1 + noise * random.one_of({1e-6, 1.0}));
      states.o.back().set(d, empty ? 0 : o);
    }
  }
  return states;
}

/// A kernel that only merges.
Style merging_style(Random& random, DType accumulate) {
  Style style = random_style(random, {.accumulate = accumulate, .p_dtype = accumulate});
  style.normalise_first = false;
  style.lazy = 0;
  style.splits = 9;
  style.part_dtype = DType::kF64;
  return style;
}

void campaign(DType type) {
  double worst_o = 0;
  double worst_lse = 0;
  for (std::uint64_t seed = 0; seed < kSeeds * soundness_factor(); ++seed) {
    Random random(seed);
    const States states = random_states(random, type);
    const Style style = merging_style(random, type);
    const SimulatedRow got = simulate_merge(states.rows(), style, random);
    Elements o(type, states.lanes);
    for (std::size_t d = 0; d < states.lanes; ++d) o.set(d, got.o[d]);
    Elements lse(type, 1);
    lse.set(0, got.lse);
    const problem::Numerics all = numerics_of(style);
    for (const problem::Numerics& numerics : {all, any_order(all)}) {
      const oracle::Expected expected = oracle::expect_merge(
          1, static_cast<std::int64_t>(states.lanes), states.views(), numerics);
      const oracle::Deviation of_o = oracle::compare(o, expected.o);
      const oracle::Deviation of_lse = oracle::compare(lse, expected.lse);
      ASSERT_FALSE(of_o.bad()) << "o: seed " << seed << " severity " << of_o.severity << " "
                               << describe(style);
      ASSERT_FALSE(of_lse.bad()) << "lse: seed " << seed << " severity " << of_lse.severity << " "
                                 << describe(style);
      worst_o = std::max(worst_o, of_o.severity);
      worst_lse = std::max(worst_lse, of_lse.severity);
    }
  }
  fmt::print("  error / bound at most {:.3f} (o), {:.3f} (lse)\n", worst_o, worst_lse);
}

TEST(MergeSoundness, NoMergeInF32ExceedsItsBound) { campaign(DType::kF32); }
TEST(MergeSoundness, NoMergeInF64ExceedsItsBound) { campaign(DType::kF64); }

}  // namespace
}  // namespace attest::tests
