#include "tests/oracle/detection.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oracle/compare.h"
#include "oracle/expected.h"
#include "tests/oracle/random_case.h"
#include "tests/oracle/simulated/simulated_kernel.h"

namespace attest::tests {

using oracle::expect_attend;
using oracle::Expected;
using oracle::Reference;
using problem::DType;

namespace {

constexpr std::int64_t kDim = 64;

/// A kernel as it is written for GPUs: eight lanes per dot product, tiles of 64 keys, values added
/// 16 keys at a time.
Style usual_style(const KernelClass& kernel) {
  Style style;
  style.dot = Sum::kStrided;
  style.dot_lanes = 8;
  style.values = Sum::kChunked;
  style.value_lanes = 16;
  style.weights = Sum::kPairwise;
  style.scaling = Scaling::kFusedExp2;
  style.exp_ulp = 5;
  style.exp_arg_ulp = 2;
  style.worst_exp = true;
  style.tile = 64;
  style.p_dtype = kernel.p;
  style.reciprocal = true;
  return style;
}

/// What FlashAttention's tests compare with: everything at once, scores and P stored in 16 bits.
Style reference_style(const KernelClass& kernel, std::int64_t kv_len) {
  Style style = usual_style(kernel);
  style.tile = kv_len;
  style.values = Sum::kSequential;
  style.p_dtype = kernel.inputs;
  style.rounded_weights_in_sum = true;
  style.score_dtype = kernel.inputs;
  style.score_store = ScoreStore::kFinal;
  return style;
}

struct DetectionCase {
  problem::Problem problem;
  problem::Inputs inputs;
  std::int64_t hidden_key = kNoKey;
};

/// Hides a tenth of the keys, never the last one, from all rows.
void hide_keys(DetectionCase& c, Random& random) {
  const std::int64_t kv_len = c.problem.sequences[0].kv_len;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(kv_len), 1);
  for (std::int64_t i = 0; i < std::max<std::int64_t>(1, kv_len / 10); ++i) {
    c.hidden_key = random.between(0, kv_len - 2);
    row[static_cast<std::size_t>(c.hidden_key)] = 0;
  }
  std::vector<std::uint8_t> mask;
  for (std::int64_t i = 0; i < c.problem.sequences[0].q_len; ++i)
    mask.insert(mask.end(), row.begin(), row.end());
  c.problem.mask.custom = {mask};
}

DetectionCase make_case(const DetectionSetup& setup, bool with_hidden_keys, Random& random) {
  DetectionCase c;
  problem::Problem& p = c.problem;
  p.sequences = {{.q_len = setup.rows, .kv_len = setup.kv_len, .start_pos = std::nullopt}};
  p.head_dim_qk = p.head_dim_v = kDim;
  p.scale = 0.125;
  p.q_dtype = p.k_dtype = p.v_dtype = setup.kernel.inputs;
  p.o_dtype = setup.kernel.output;
  const auto normals = [&random, &p](std::int64_t tokens) {
    problem::Elements elements(p.q_dtype, static_cast<std::size_t>(tokens * kDim));
    for (std::size_t i = 0; i < elements.size(); ++i) elements.set(i, random.normal());
    return elements;
  };
  c.inputs.q = normals(setup.rows);
  c.inputs.k = normals(setup.kv_len);
  c.inputs.v = normals(setup.kv_len);
  if (with_hidden_keys) hide_keys(c, random);
  for (std::int64_t j = 0; j < setup.kv_len; ++j) {
    for (std::int64_t d = 0; d < kDim; ++d) {
      const auto i = static_cast<std::size_t>(j * kDim + d);
      constexpr std::int64_t kStride = 7;  // neighbouring keys in lanes apart
      if (setup.data == DetectionData::kOneHotV)
        c.inputs.v.set(i, (j * kStride + j / kDim) % kDim == d ? 1 : 0);
      const bool hidden = with_hidden_keys && p.mask.custom[0][static_cast<std::size_t>(j)] == 0;
      if (setup.data == DetectionData::kPoisonedV && hidden) c.inputs.v.set(i, 1e4);
    }
  }
  return c;
}

/// What the checks need to know of a case, whatever the defect.
struct Yardstick {
  Expected any_order, declared;
  double reference_error = 0;  ///< of the 16-bit reference
};

double worst_error(const problem::Elements& o, const std::vector<Reference>& expected) {
  double worst = 0;
  for (std::size_t i = 0; i < o.size(); ++i)
    worst = std::max(worst, std::abs(o.value(i) - static_cast<double>(expected[i].value)));
  return worst;
}

Yardstick measure(const DetectionCase& c, const SimulatedCall& call, const DetectionSetup& setup,
                  Random& random) {
  const problem::Numerics declared = numerics_of(usual_style(setup.kernel));
  Yardstick yardstick{.any_order = expect_attend(c.problem, c.inputs, any_order(declared)),
                      .declared = expect_attend(c.problem, c.inputs, declared)};
  if (setup.kernel.has_16_bit_reference()) {
    const Style reference = reference_style(setup.kernel, setup.kv_len);
    yardstick.reference_error =
        worst_error(simulate_call(call, reference, random).o, yardstick.declared.o);
  }
  return yardstick;
}

bool all_close(const problem::Elements& o, const std::vector<Reference>& expected,
               double tolerance) {
  for (std::size_t i = 0; i < o.size(); ++i) {
    const auto value = static_cast<double>(expected[i].value);
    if (!(std::abs(o.value(i) - value) <= tolerance * (1 + std::abs(value)))) return false;
  }
  return true;
}

double normalised_square_error(const problem::Elements& o, const std::vector<Reference>& expected) {
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < o.size(); ++i) {
    const auto value = static_cast<double>(expected[i].value);
    error += (o.value(i) - value) * (o.value(i) - value);
    size += value * value;
  }
  return error / size;
}

bool flags(Check check, const SimulatedOutputs& got, const Yardstick& yardstick,
           const DetectionSetup& setup) {
  const std::vector<Reference>& exact = yardstick.declared.o;
  const bool bf16 = setup.kernel.inputs == DType::kBF16;
  switch (check) {
    case Check::kAllClose:
      return !all_close(got.o, exact, bf16 ? 1e-2 : 1e-3);
    case Check::kTwice:
      return !(worst_error(got.o, exact) <= 2 * yardstick.reference_error + 1e-5);
    case Check::kNmse:
      return !(normalised_square_error(got.o, exact) <= 5e-4);
    case Check::kAnyOrder:
      return oracle::compare(got.o, yardstick.any_order.o).bad();
    case Check::kDeclared:
      return oracle::compare(got.o, exact).bad();
    case Check::kStatistical: {
      const oracle::Deviation deviation = oracle::compare(got.o, exact);
      return deviation.bad() || deviation.excess.count > 0;
    }
    case Check::kLse:
      return oracle::compare(got.lse, yardstick.declared.lse).bad();
  }
  return false;
}

bool needs_hidden_key(const DetectionSetup& setup, Defect defect) {
  return setup.data == DetectionData::kPoisonedV || info_of(defect).needs_hidden_key;
}

/// Counts who flags which defect on one case: those defects that need hidden keys, or the others.
void add_case(const DetectionSetup& setup, int index, bool hidden,
              const std::vector<Defect>& defects, std::vector<DetectionRates>& counts) {
  if (std::none_of(defects.begin(), defects.end(),
                   [&](Defect defect) { return needs_hidden_key(setup, defect) == hidden; })) {
    return;
  }
  Random random(static_cast<std::uint64_t>(index));
  const DetectionCase c = make_case(setup, hidden, random);
  const SimulatedCall call(c.problem, c.inputs);
  const Yardstick yardstick = measure(c, call, setup, random);
  const Style style = usual_style(setup.kernel);
  for (std::size_t d = 0; d < defects.size(); ++d) {
    if (needs_hidden_key(setup, defects[d]) != hidden) continue;
    const SimulatedOutputs got = simulate_defect(call, style, defects[d], c.hidden_key, random);
    for (std::size_t k = 0; k < kNumChecks; ++k)
      counts[d][k] += flags(static_cast<Check>(k), got, yardstick, setup) ? 1 : 0;
  }
}

}  // namespace

std::string_view name_of(Check check) {
  constexpr std::array<std::string_view, kNumChecks> kNames = {
      "allclose", "2x reference", "NMSE", "any order", "declared", "statistical", "LSE"};
  return kNames[static_cast<std::size_t>(check)];
}

std::array<KernelClass, 3> kernel_classes() {
  return {{{"f32", DType::kF32, DType::kF32, DType::kF32},
           {"bf16, P f32, out bf16", DType::kBF16, DType::kF32, DType::kBF16},
           {"bf16, P bf16, out bf16", DType::kBF16, DType::kBF16, DType::kBF16}}};
}

std::vector<DetectionRates> detection_rates(const DetectionSetup& setup,
                                            const std::vector<Defect>& defects) {
  std::vector<DetectionRates> rates(defects.size(), DetectionRates{});
  for (int i = 0; i < setup.cases; ++i) {
    for (const bool hidden : {false, true}) add_case(setup, i, hidden, defects, rates);
  }
  for (DetectionRates& rate : rates) {
    for (double& percent : rate) percent *= 100.0 / setup.cases;
    if (!setup.kernel.has_16_bit_reference())
      rate[static_cast<std::size_t>(Check::kTwice)] = std::nan("");
  }
  return rates;
}

}  // namespace attest::tests
