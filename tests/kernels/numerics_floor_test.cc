// The floor: whatever validate() accepts, zeroes, the mean of V and a softmax scale 2 % off fail on
// the standard cases. Looked at where declarations are loosest: the corners are found by bisection
// against validate() itself, so they move with its limits.
#include <array>
#include <cmath>
#include <functional>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/kernel_info.h"
#include "oracle/compare.h"
#include "oracle/definition.h"
#include "oracle/expected.h"
#include "problem/errors.h"
#include "tests/kernels/declarations.h"
#include "tests/kernels/standard_cases.h"

namespace attest::kernels {
namespace {

using problem::DType;
using problem::Elements;
using tests::StandardCase;

constexpr std::array kQTypes = {DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kE4M3};

// ---- Defects ---

constexpr std::array kDefects = {"all zeroes", "the mean of V", "a scale 2 % too large",
                                 "a scale 2 % too small"};

Elements outputs_of(const problem::Problem& problem, const problem::Inputs& inputs) {
  const auto rows = oracle::attend<long double>(problem, inputs);
  Elements o(problem.o_dtype, rows.size() * static_cast<std::size_t>(problem.head_dim_v));
  std::size_t i = 0;
  for (const auto& row : rows) {
    for (const long double value : row.o) o.set(i++, static_cast<double>(value));
  }
  return o;
}

Elements with_defect(std::size_t defect, const StandardCase& c) {
  problem::Problem problem = c.problem;
  constexpr std::array kFactors = {1.0, 0.0, 1.02, 1 / 1.02};
  problem.scale *= kFactors[defect];
  Elements o = outputs_of(problem, c.inputs);
  return defect == 0 ? Elements(o.type(), o.size()) : o;
}

/// What every corner is judged against, for one type of q: made once.
struct Probe {
  StandardCase standard;
  Elements right;
  std::array<Elements, kDefects.size()> wrong;
};

const std::vector<Probe>& probes(DType q_dtype) {
  static std::array<std::vector<Probe>, problem::kNumDTypes> all;
  std::vector<Probe>& made = all[static_cast<std::size_t>(q_dtype)];
  if (made.empty()) {
    for (const StandardCase& c : tests::standard_cases(q_dtype)) {
      Probe probe{.standard = c, .right = outputs_of(c.problem, c.inputs), .wrong = {}};
      for (std::size_t d = 0; d < kDefects.size(); ++d) probe.wrong[d] = with_defect(d, c);
      made.push_back(std::move(probe));
    }
  }
  return made;
}

/// How often, and how clearly, each defect is found.
struct Findings {
  std::array<int, kDefects.size()> cases{};
  std::array<double, kDefects.size()> severity{};
};

Findings look(const problem::Numerics& numerics, DType q_dtype) {
  Findings found;
  for (const Probe& probe : probes(q_dtype)) {
    const StandardCase& c = probe.standard;
    const oracle::Expected expected = oracle::expect_attend(c.problem, c.inputs, numerics);
    EXPECT_FALSE(oracle::compare(probe.right, expected.o).bad()) << c.name;
    for (std::size_t d = 0; d < kDefects.size(); ++d) {
      const oracle::Deviation deviation = oracle::compare(probe.wrong[d], expected.o);
      found.cases[d] += deviation.bad() ? 1 : 0;
      found.severity[d] = std::max(found.severity[d], deviation.severity);
    }
  }
  return found;
}

// ---- Corners ---

bool accepted(const KernelInfo& info) {
  try {
    validate(info);
  } catch (const ContractError&) {
    return false;
  }
  return true;
}

/// A kernel that declares these numerics for q of this type; everything is f32 unless said.
KernelInfo declaring(DType q_dtype, const attest_numerics& numerics) {
  KernelInfo info = tests::simple_info();
  info.capabilities.q_dtypes = ATTEST_DTYPE_BIT(static_cast<unsigned>(q_dtype));
  info.numerics = numerics;
  info.numerics.struct_size = sizeof(attest_numerics);
  return info;
}

/// A number that loosens a declaration as it grows from 0 to 1.
struct Knob {
  const char* name;
  void (*turn)(attest_numerics& n, double x);
};

double u_of(const attest_numerics& n) {
  return problem::unit_roundoff(static_cast<DType>(n.accumulate));
}

constexpr std::array kKnobs = {
    Knob{"exp_ulp", [](attest_numerics& n, double x) { n.exp_ulp = x / u_of(n); }},
    Knob{"exp_arg_ulp", [](attest_numerics& n, double x) { n.exp_arg_ulp = x / u_of(n); }},
    Knob{"tanh_ulp", [](attest_numerics& n, double x) { n.tanh_ulp = x / u_of(n); }},
    Knob{"lazy_rescale", [](attest_numerics& n, double x) { n.lazy_rescale = 400 * x; }},
    Knob{"merge_levels",
         [](attest_numerics& n, double x) { n.merge_levels = static_cast<int>(64 * x); }},
    Knob{"merge_levels of bf16",
         [](attest_numerics& n, double x) {
           n.merge_levels = static_cast<int>(64 * x);
           n.part_dtype_plus_1 = ATTEST_BF16 + 1;
         }},
    Knob{"product_bits",
         [](attest_numerics& n, double x) { n.product_bits = 53 - static_cast<int>(51 * x); }},
};

/// The largest x in [0, 1] that turn() may have without being refused; nothing: not even 0.
template <typename Turn>
std::optional<double> loosest(Turn turn) {
  if (!turn(0.0)) return std::nullopt;
  if (turn(1.0)) return 1.0;
  double low = 0x1p-60, high = 1;
  if (!turn(low)) return 0.0;
  for (int i = 0; i < 40; ++i) {
    const double middle = std::sqrt(low * high);
    (turn(middle) ? low : high) = middle;
  }
  return low;
}

/// Calls visit(name, numerics) for every corner above `base`: each knob alone, then all at once.
template <typename Visit>
void for_each_corner(DType q_dtype, const attest_numerics& base, Visit visit) {
  if (!accepted(declaring(q_dtype, base))) return;
  visit("as it is", base);
  std::array<double, kKnobs.size()> alone{};
  for (std::size_t k = 0; k < kKnobs.size(); ++k) {
    const auto turned = [&](double x) {
      attest_numerics n = base;
      kKnobs[k].turn(n, x);
      return n;
    };
    const auto found = loosest([&](double x) { return accepted(declaring(q_dtype, turned(x))); });
    if (!found) continue;
    alone[k] = *found;
    visit(kKnobs[k].name, turned(alone[k]));
  }
  const auto turned = [&](double x) {
    attest_numerics n = base;
    for (std::size_t k = 0; k < kKnobs.size(); ++k) kKnobs[k].turn(n, alone[k] * x);
    return n;
  };
  if (const auto found = loosest([&](double x) { return accepted(declaring(q_dtype, turned(x))); }))
    visit("all at once", turned(*found));
}

/// Every combination of the fields that are no numbers, accepted or not.
std::vector<attest_numerics> bases() {
  std::vector<attest_numerics> all;
  for (const int accumulate : {ATTEST_F64, ATTEST_F32, ATTEST_F16, ATTEST_BF16}) {
    for (const int accumulator : {0, 1, 2}) {
      for (const int p : {0, ATTEST_F16 + 1, ATTEST_BF16 + 1, ATTEST_E4M3 + 1, ATTEST_E5M2 + 1}) {
        for (const int stored : {0, 1}) {
          attest_numerics n{};
          n.accumulate = accumulate;
          n.accumulator = accumulator;
          n.p_dtype_plus_1 = p;
          if (p > ATTEST_BF16 + 1) {  // as careful as 8-bit P can be
            n.p_unnormalised = 1, n.p_scale_log2 = 8, n.weight_sum = ATTEST_SUM_UNROUNDED;
          }
          if (stored != 0) n.q_prescaled = 1, n.score_dtype_plus_1 = ATTEST_BF16 + 1;
          if (accumulate == ATTEST_F16) {  // the least loose that still sums in f16
            n.keeps_subnormals = 1, n.exp_ulp = 1, n.exp_arg_ulp = 0.5, n.tanh_ulp = 1;
          }
          all.push_back(n);
        }
      }
    }
  }
  return all;
}

TEST(NumericsFloor, EveryAcceptedDeclarationFindsZeroesTheMeanAndAScaleTwoPercentOff) {
  int corners = 0;
  std::array<double, kDefects.size()> weakest;
  weakest.fill(std::numeric_limits<double>::infinity());
  std::array<std::string, kDefects.size()> weakest_at;
  for (const DType q_dtype : kQTypes) {
    for (const attest_numerics& base : bases()) {
      for_each_corner(q_dtype, base, [&](const char* name, const attest_numerics& n) {
        ++corners;
        const KernelInfo info = declaring(q_dtype, n);
        const Findings found = look(info.declared_numerics(), q_dtype);
        const std::string where = fmt::format(
            "q {}, accumulate {}, accumulator {}, P {}, scores {}: {}", problem::name_of(q_dtype),
            n.accumulate, n.accumulator, n.p_dtype_plus_1, n.score_dtype_plus_1, name);
        for (std::size_t d = 0; d < kDefects.size(); ++d) {
          EXPECT_GE(found.cases[d], 1)
              << kDefects[d] << " passes with " << where << ", severity " << found.severity[d];
          if (found.severity[d] < weakest[d]) {
            weakest[d] = found.severity[d];
            weakest_at[d] = where;
          }
        }
      });
    }
  }
  EXPECT_GT(corners, 200);
  for (std::size_t d = 0; d < kDefects.size(); ++d) {
    std::cout << fmt::format("{:<24} at least {:7.2f} times its bound ({})\n", kDefects[d],
                             weakest[d], weakest_at[d]);
  }
}

TEST(NumericsFloor, OrdinaryDeclarationsFindThemOnMostStandardCases) {
  for (const auto& preset : problem::numerics_presets()) {
    for (const DType q_dtype : kQTypes) {
      if (!preset.takes(q_dtype)) continue;
      const problem::Numerics numerics = preset.numerics(q_dtype);
      const Findings found = look(numerics, q_dtype);
      EXPECT_GE(found.cases[0], 6) << preset.name;  // of 7
      EXPECT_GE(found.cases[1], 5) << preset.name;  // one key is its own mean
      // Accumulators of few bits see a scale only where scores are far apart.
      const int scale_cases = numerics.product_bits > 0 ? 1 : 3;
      EXPECT_GE(found.cases[2], scale_cases) << preset.name << " " << problem::name_of(q_dtype);
      EXPECT_GE(found.cases[3], scale_cases) << preset.name << " " << problem::name_of(q_dtype);
    }
  }
}

}  // namespace
}  // namespace attest::kernels
