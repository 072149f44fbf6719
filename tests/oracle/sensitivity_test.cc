#include "oracle/sensitivity.h"

#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

#include "oracle/bounds.h"
#include "oracle/definition.h"
#include "oracle/expected.h"
#include "oracle/logical_tensors.h"
#include "oracle/visible.h"
#include "problem/special_values.h"
#include "tests/oracle/random_case.h"

namespace attest::oracle {
namespace {

using problem::DType;
using tests::Data;
using tests::RandomCase;

/// The largest |change| / (bound + output rounding) of any output element when the weight of any
/// one visible key is (1 + error) times what it should be. By the definition, key by key.
double seen(const RandomCase& random, const problem::Numerics& numerics, double error) {
  const problem::Problem& problem = random.problem;
  const LogicalTensors x(problem, random.inputs);
  const Expected expected = expect_attend(problem, random.inputs, numerics);
  const double unit = problem.o_scale.value_or(1.0);
  double largest = 0;
  std::size_t at = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const auto& sequence = problem.sequences[static_cast<std::size_t>(b)];
    for (std::int64_t row = 0; row < sequence.q_len; ++row) {
      for (std::int64_t head = 0; head < problem.num_q_heads; ++head) {
        const auto whole = attend_row<double>(problem, random.inputs, b, head, row);
        for (std::int64_t d = 0; d < problem.head_dim_v; ++d, ++at) {
          const Reference& o = expected.o[at];
          if (o.kind != Kind::kFinite || o.bound == kInfinity) continue;
          const double reach =
              o.bound +
              output_rounding(problem.o_dtype, (std::abs(o.value) + o.bound) / unit) * unit;
          for (std::int64_t j = 0; j < sequence.kv_len; ++j) {
            if (!visible(problem, b, row, j)) continue;
            const problem::Range only{j, j + 1};
            const auto key = attend_row<double>(problem, random.inputs, b, head, row, only, false);
            const double more = error * std::exp(key.lse - whole.lse);
            const double v = x.v(b, head, j, d) * x.v_scale(b, head);
            largest = std::max(largest, std::abs(more * (v - o.value) / (1 + more)) / reach);
          }
        }
      }
    }
  }
  return largest;
}

TEST(Sensitivity, IsTheWeightErrorThatJustLeavesTheBound) {
  for (const DType type : {DType::kF32, DType::kBF16}) {
    const problem::Numerics numerics = problem::generic_numerics(DType::kF32);
    for (const Data data : {Data::kNormal, Data::kNeedle, Data::kOneHotV, Data::kCancelling}) {
      for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const RandomCase random = tests::random_case(seed, data, {.dtype = type});
        const double error = sensitivity(random.problem, random.inputs, numerics);
        if (error > 1e-3) continue;  // not of first order any more
        EXPECT_GT(seen(random, numerics, 1.01 * error), 1) << seed;
        EXPECT_LT(seen(random, numerics, 0.99 * error), 1) << seed;
      }
    }
  }
}

TEST(Sensitivity, IsInfiniteWhereNothingCanBeSeen) {
  const problem::Numerics numerics = problem::generic_numerics(DType::kF32);
  RandomCase random = tests::random_case(3, Data::kNormal, {.masks = false, .modifiers = false});
  EXPECT_LT(sensitivity(random.problem, random.inputs, numerics), 1e-2);
  for (std::size_t i = 0; i < random.inputs.v.size(); ++i) random.inputs.v.set(i, 0.5);
  EXPECT_GT(sensitivity(random.problem, random.inputs, numerics), 1e6);
  const problem::Problem empty{.sequences = {{2, 0}}};
  const problem::Inputs inputs = problem::make_inputs(empty, {}, {});
  EXPECT_EQ(sensitivity(empty, inputs, numerics), kInfinity);
}

}  // namespace
}  // namespace attest::oracle
