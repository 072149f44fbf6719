#include "tests/kernels/standard_cases.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "problem/values.h"

namespace attest::tests {
namespace {

using problem::DType;
using problem::Elements;

/// Kernels on 8-bit inputs write 16 bits or more.
DType output_type(DType q_dtype) { return problem::size_of(q_dtype) > 1 ? q_dtype : DType::kBF16; }

/// One row over keys whose scores are `scores`: q is all ones, k constant per key. V is one-hot.
StandardCase with_scores(std::string name, DType type, std::int64_t lanes,
                         const std::vector<double>& scores) {
  const auto count = static_cast<std::int64_t>(scores.size());
  StandardCase c{.name = std::move(name), .problem = {}, .inputs = {}};
  c.problem.sequences = {{.q_len = 1, .kv_len = count, .start_pos = {}}};
  c.problem.head_dim_qk = lanes;
  c.problem.head_dim_v = std::min<std::int64_t>(count, 16);
  c.problem.q_dtype = c.problem.k_dtype = c.problem.v_dtype = type;
  c.problem.o_dtype = output_type(type);
  c.problem.scale = 4.0 / static_cast<double>(lanes);
  c.inputs.q = Elements(type, static_cast<std::size_t>(lanes));
  c.inputs.k = Elements(type, static_cast<std::size_t>(count * lanes));
  c.inputs.v = Elements(type, static_cast<std::size_t>(count * c.problem.head_dim_v));
  for (std::size_t d = 0; d < c.inputs.q.size(); ++d) c.inputs.q.set(d, 1);
  for (std::size_t i = 0; i < c.inputs.k.size(); ++i) {
    c.inputs.k.set(i, scores[i / static_cast<std::size_t>(lanes)] / 4);
  }
  for (std::int64_t j = 0; j < count; ++j) {
    c.inputs.v.set(static_cast<std::size_t>(j * c.problem.head_dim_v + j % c.problem.head_dim_v),
                   1);
  }
  return c;
}

StandardCase drawn(std::string name, DType type, std::int64_t keys, std::int64_t lanes,
                   problem::Distribution distribution) {
  StandardCase c{.name = std::move(name), .problem = {}, .inputs = {}};
  c.problem.sequences = {{.q_len = 2, .kv_len = keys, .start_pos = {}}};
  c.problem.head_dim_qk = c.problem.head_dim_v = lanes;
  c.problem.q_dtype = c.problem.k_dtype = c.problem.v_dtype = type;
  c.problem.o_dtype = output_type(type);
  c.problem.scale = 1 / std::sqrt(static_cast<double>(lanes));
  c.inputs = problem::make_inputs(
      c.problem, {.distribution = distribution, .seed = 7, .needle = 0, .overrides = {}}, {});
  return c;
}

}  // namespace

std::vector<StandardCase> standard_cases(DType type) {
  using problem::Distribution;
  std::vector<double> needle(64, -4);
  needle[40] = 0;
  std::vector<double> ramp;
  for (int j = 0; j < 16; ++j) ramp.push_back((j - 8) / 2.0);
  std::vector<StandardCase> cases = {
      with_scores("two keys 8 nats apart", type, 16, {4, -4}),
      with_scores("two keys, softcap 16", type, 16, {4, -4}),
      with_scores("needle in 64 keys", type, 64, needle),
      with_scores("ramp of 16 keys", type, 32, ramp),
      drawn("one key", type, 1, 64, Distribution::kNormal),
      drawn("33 ordinary keys", type, 33, 16, Distribution::kNormal),
      drawn("256 coherent keys", type, 256, 64, Distribution::kCoherent)};
  cases[1].problem.softcap = 16;
  return cases;
}

}  // namespace attest::tests
