#include "properties/states.h"

#include <limits>

#include "oracle/definition.h"
#include "properties/placement.h"

namespace attest::properties {
namespace {

using problem::DType;
using problem::Elements;

/// LSEs in nats, as numbers the oracle takes as exact. Base 2 is converted in f64: far below any
/// f32 bound, which is why base-2 kernels that accumulate in f64 are not judged here.
Elements in_nats(const Elements& lse, double unit) {
  if (unit == 1.0) return lse;
  Elements out(DType::kF64, lse.size());
  for (std::size_t i = 0; i < lse.size(); ++i) out.set(i, lse.value(i) * unit);
  return out;
}

}  // namespace

std::vector<State> states_of_parts(const Scene& scene, const problem::Plan& plan,
                                   const kernels::KernelInfo& info) {
  const auto& problem = scene.problem;
  const double unit = lse_unit(info);
  std::vector<State> states;
  for (const auto& part : plan.parts) {
    State state{
        Elements(problem.o_dtype, static_cast<std::size_t>(problem.total_q() * problem.num_q_heads *
                                                           problem.head_dim_v)),
        Elements(lse_dtype(info),
                 static_cast<std::size_t>(problem.total_q() * problem.num_q_heads))};
    std::size_t flat = 0;
    for (std::int64_t b = 0; b < problem.batch(); ++b) {
      for (std::int64_t row = 0; row < problem.sequences[b].q_len; ++row) {
        for (std::int64_t head = 0; head < problem.num_q_heads; ++head, ++flat) {
          const auto exact =
              oracle::attend_row<double>(problem, scene.inputs, b, head, row, part[b], false);
          state.lse.set(flat, exact.lse / unit);
          for (std::int64_t lane = 0; lane < problem.head_dim_v; ++lane) {
            state.o.set(flat * static_cast<std::size_t>(problem.head_dim_v) + lane, exact.o[lane]);
          }
        }
      }
    }
    states.push_back(std::move(state));
  }
  return states;
}

State empty_state(const Scene& scene, const kernels::KernelInfo& info) {
  const auto& problem = scene.problem;
  const auto rows = static_cast<std::size_t>(problem.total_q() * problem.num_q_heads);
  State state{Elements(problem.o_dtype, rows * static_cast<std::size_t>(problem.head_dim_v)),
              Elements(lse_dtype(info), rows)};
  for (std::size_t i = 0; i < rows; ++i) {
    state.lse.set(i, -std::numeric_limits<double>::infinity());
  }
  return state;
}

problem::Verdict judge_merge(const Scene& scene, const std::vector<State>& states,
                             const Outputs& got, Harness& harness) {
  const auto& problem = scene.problem;
  const double unit = harness.lse_unit();
  std::vector<Elements> lses;
  lses.reserve(states.size());
  for (const State& state : states) lses.push_back(in_nats(state.lse, unit));
  std::vector<oracle::StateView> views;
  for (std::size_t s = 0; s < states.size(); ++s) views.push_back({&states[s].o, &lses[s]});
  const oracle::Expected expected =
      oracle::expect_merge(problem.total_q() * problem.num_q_heads, problem.head_dim_v, views,
                           harness.info().declared_numerics());
  auto report = [&](const char* name, const oracle::Deviation& deviation, std::int64_t width) {
    auto verdict = problem::Verdict::fail(
        deviation.failure_class, {},
        deviation.failure_class == "value" ? deviation.severity : problem::kStructural);
    const auto row = static_cast<std::int64_t>(deviation.first) / width;
    problem::Where where{.tensor = name};
    where.row = row / problem.num_q_heads;
    where.head = row % problem.num_q_heads;
    if (width > 1) where.lane = static_cast<std::int64_t>(deviation.first) % width;
    verdict.expected = deviation.expected;
    verdict.got = deviation.got;
    verdict.bound = deviation.bound;
    verdict.message = "merge of " + std::to_string(states.size()) + " states: " + name + "[row " +
                      std::to_string(where.row) + ", head " + std::to_string(where.head) +
                      "] = " + std::to_string(deviation.got) + ", expected " +
                      std::to_string(deviation.expected);
    verdict.where = where;
    return verdict;
  };
  const oracle::Deviation o = oracle::compare(got.o, expected.o);
  if (o.bad()) return report("o", o, problem.head_dim_v);
  const oracle::Deviation lse = oracle::compare(got.lse, expected.lse, unit);
  if (lse.bad()) return report("lse", lse, 1);
  auto verdict = problem::Verdict::pass(std::max(o.severity, lse.severity));
  if (o.escalate || lse.escalate) verdict.status = problem::Status::kInconclusive;
  return verdict;
}

}  // namespace attest::properties
