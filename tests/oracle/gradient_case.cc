#include "tests/oracle/gradient_case.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace attest::tests {

oracle::Upstream random_upstream(std::uint64_t seed, UpstreamKind kind,
                                 const problem::Problem& problem) {
  Random random(seed * 16 + static_cast<std::uint64_t>(kind));
  const std::int64_t rows = problem.total_q() * problem.num_q_heads;
  const std::int64_t lanes = problem.head_dim_v;
  const std::int64_t lane = random.between(0, lanes - 1);
  const std::int64_t token = random.between(0, std::max<std::int64_t>(0, problem.total_q() - 1));
  const bool with_lse = random.chance(50) || kind == UpstreamKind::kLseOnly;
  oracle::Upstream upstream{
      .o = problem::Elements(problem.o_dtype, static_cast<std::size_t>(rows * lanes)),
      .lse =
          problem::Elements(problem::DType::kF32, with_lse ? static_cast<std::size_t>(rows) : 0)};
  for (std::int64_t i = 0; i < rows * lanes; ++i) {
    double value = random.normal();
    if (kind == UpstreamKind::kPositive) value = std::abs(value) + 0.5;
    if (kind == UpstreamKind::kOneLane && i % lanes != lane) value = 0;
    if (kind == UpstreamKind::kOneRow && i / (lanes * problem.num_q_heads) != token) value = 0;
    if (kind == UpstreamKind::kLseOnly) value = 0;
    if (kind == UpstreamKind::kLarge) value *= 512;
    upstream.o.set(static_cast<std::size_t>(i), value);
  }
  for (std::size_t i = 0; i < upstream.lse.size(); ++i) upstream.lse.set(i, random.normal());
  return upstream;
}

}  // namespace attest::tests
