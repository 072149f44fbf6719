#include "properties/states.h"

#include <cmath>

#include "oracle/definition.h"
#include "problem/special_values.h"
#include "properties/placement.h"

namespace attest::properties {
namespace {

using problem::DType;
using problem::Elements;

bool is_unnormalised(const kernels::KernelInfo& info) {
  return info.conventions.state_format == ATTEST_STATE_M_L_ACC;
}

/// The type of a state's o (or acc).
DType state_dtype(const problem::Problem& problem, const kernels::KernelInfo& info) {
  return states_hold_sums(info) ? lse_dtype(info) : problem.o_dtype;
}

/// The sum that a state of the definition is given, any number from 1 to 2 being right: with it the
/// differences of maxima are those of the LSEs up to ln 2, as merge bounds assume of two states.
double sum_of(std::size_t flat, std::size_t part) {
  return 1.0 + static_cast<double>((5 * flat + 3 * part) % 8) / 8.0;
}

long double log_in_base(double x, double unit) {
  return std::log(static_cast<long double>(x)) / static_cast<long double>(unit);
}

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
    State state = empty_state(scene, info);
    std::size_t flat = 0;
    for (std::int64_t b = 0; b < problem.batch(); ++b) {
      for (std::int64_t row = 0; row < problem.sequences[b].q_len; ++row) {
        for (std::int64_t head = 0; head < problem.num_q_heads; ++head, ++flat) {
          const auto exact =
              oracle::attend_row<double>(problem, scene.inputs, b, head, row, part[b], false);
          const bool with_sum = states_hold_sums(info) && !exact.empty;
          const double l = with_sum ? sum_of(flat, states.size()) : 1.0;
          if (with_sum) state.lse.set(state.lse.size() / 2 + flat, l);
          state.lse.set(flat, (exact.lse - std::log(l)) / unit);
          for (std::int64_t lane = 0; lane < problem.head_dim_v; ++lane) {
            const double o = exact.o[lane];
            state.o.set(flat * static_cast<std::size_t>(problem.head_dim_v) + lane,
                        is_unnormalised(info) ? o * l : o);
          }
        }
      }
    }
    states.push_back(std::move(state));
  }
  return states;
}

Elements join(const Elements& maxima, const Elements& sums) {
  Elements out(maxima.type(), maxima.size() + sums.size());
  for (std::size_t i = 0; i < maxima.size(); ++i) out.set_bits(i, maxima.bits(i));
  for (std::size_t i = 0; i < sums.size(); ++i) out.set_bits(maxima.size() + i, sums.bits(i));
  return out;
}

Elements half(const Elements& joined, int which) {
  Elements out(joined.type(), joined.size() / 2);
  const std::size_t first = which == 0 ? 0 : out.size();
  for (std::size_t i = 0; i < out.size(); ++i) out.set_bits(i, joined.bits(first + i));
  return out;
}

State as_o_lse(const State& state, const kernels::KernelInfo& info) {
  if (!states_hold_sums(info)) return state;
  const double unit = lse_unit(info);
  const std::size_t rows = state.lse.size() / 2;
  State out{Elements(state.o.type(), state.o.size()), Elements(state.lse.type(), rows)};
  const std::size_t width = rows == 0 ? 0 : state.o.size() / rows;
  const std::uint64_t marker = problem::unwritten_bits(state.lse.type());
  for (std::size_t i = 0; i < rows; ++i) {
    const double l = state.lse.value(rows + i);
    const bool unwritten = state.lse.bits(rows + i) == marker || state.lse.bits(i) == marker;
    // In long double, so that the one rounding is that to the type.
    out.lse.set(i, static_cast<double>(state.lse.value(i) + log_in_base(l, unit)));
    if (unwritten) out.lse.set_bits(i, marker);
    for (std::size_t lane = i * width; lane < (i + 1) * width; ++lane) {
      const double o = state.o.value(lane);
      const bool divide = is_unnormalised(info) && l != 0;
      out.o.set(lane, divide ? static_cast<double>(static_cast<long double>(o) / l) : o);
      if (state.o.bits(lane) == problem::unwritten_bits(state.o.type()))
        out.o.set_bits(lane, state.o.bits(lane));
    }
  }
  return out;
}

namespace {

/// as_o_lse() in f64, as numbers the oracle takes as exact: far below any f32 bound, which is why
/// kernels that accumulate in f64 are not judged so.
State as_o_lse_in_f64(const State& state, const kernels::KernelInfo& info) {
  if (!states_hold_sums(info)) return state;
  const auto wider = [](const Elements& from) {
    Elements out(DType::kF64, from.size());
    for (std::size_t i = 0; i < from.size(); ++i) out.set(i, from.value(i));
    return out;
  };
  return as_o_lse({wider(state.o), wider(state.lse)}, info);
}

}  // namespace

State empty_state(const Scene& scene, const kernels::KernelInfo& info) {
  const auto& problem = scene.problem;
  const auto rows = static_cast<std::size_t>(problem.total_q() * problem.num_q_heads);
  const auto width = static_cast<std::size_t>(problem.head_dim_v);
  State state{Elements(state_dtype(problem, info), rows * width),
              Elements(lse_dtype(info), states_hold_sums(info) ? 2 * rows : rows)};
  for (std::size_t i = 0; i < rows; ++i) {
    state.lse.set(i, -kInfinity);
  }
  return state;
}

problem::Verdict judge_merge(const Scene& scene, const std::vector<State>& given,
                             const Outputs& result, Harness& harness) {
  const auto& problem = scene.problem;
  std::vector<State> states;
  for (const State& state : given) states.push_back(as_o_lse_in_f64(state, harness.info()));
  const Outputs got = as_o_lse(result, harness.info());
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
