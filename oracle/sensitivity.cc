#include "oracle/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "oracle/bounds.h"
#include "oracle/decode.h"
#include "oracle/expected.h"
#include "oracle/fpenv.h"
#include "oracle/row_reader.h"
#include "problem/special_values.h"

namespace attest::oracle {
namespace {

/// The largest p_j |v_jd - o_d| of lane d.
double largest_pull(const BoundInput& row, std::size_t d, double o) {
  const auto lanes = static_cast<std::size_t>(row.head_dim_v);
  double largest = 0;
  for (std::size_t j = 0; j < row.p.size(); ++j) {
    largest = std::max(largest, row.p[j] * std::abs(row.v[j * lanes + d] - o));
  }
  return largest;
}

}  // namespace

double sensitivity(const problem::Problem& problem, const problem::Inputs& inputs,
                   const problem::Numerics& numerics) {
  const DefaultFpEnv environment;
  const ExpectOptions options;
  const Expected expected = expect_attend(problem, inputs, numerics, options);
  const DecodedInputs decoded = decode_inputs(problem, inputs);
  RowReader reader(problem, inputs, decoded, options);
  BoundInput row;
  const double unit = std::abs(problem.o_scale.value_or(1.0));
  const auto lanes = static_cast<std::size_t>(problem.head_dim_v);
  double smallest = kInfinity;
  std::size_t flat = 0;
  for (std::int64_t b = 0; b < problem.batch(); ++b) {
    const std::int64_t q_len = problem.sequences[static_cast<std::size_t>(b)].q_len;
    for (std::int64_t i = 0; i < q_len; ++i) {
      for (std::int64_t head = 0; head < problem.num_q_heads; ++head, ++flat) {
        if (expected.lse[flat].kind != Kind::kFinite) continue;
        if (!reader.read(b, i, head, row)) continue;
        reader.set_lse(expected.lse[flat].value, row);
        const std::span references(expected.o.data() + flat * lanes, lanes);
        for (std::size_t d = 0; d < lanes; ++d) {
          const Reference& o = references[d];
          if (o.kind != Kind::kFinite || o.bound == kInfinity) continue;
          const double magnitude = std::abs(o.value) + o.bound;
          const double reach = o.bound + output_rounding(problem.o_dtype, magnitude / unit) * unit;
          const double pull = largest_pull(row, d, o.value);
          if (pull > 0) smallest = std::min(smallest, reach / pull);
        }
      }
    }
  }
  return smallest;
}

}  // namespace attest::oracle
