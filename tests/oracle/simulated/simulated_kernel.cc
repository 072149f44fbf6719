#include "tests/oracle/simulated/simulated_kernel.h"

#include <cstddef>

#include "tests/oracle/simulated/row_simulator.h"

namespace attest::tests {

namespace {

std::vector<double> decoded(const problem::Elements& elements) {
  std::vector<double> values(elements.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = elements.value(i);
  return values;
}

}  // namespace

SimulatedCall::SimulatedCall(const problem::Problem& problem, const problem::Inputs& inputs)
    : problem_(problem),
      tensors_(problem, inputs),
      q_(decoded(inputs.q)),
      k_(decoded(inputs.k)),
      v_(decoded(inputs.v)) {}

const double* SimulatedCall::q(std::int64_t b, std::int64_t head, std::int64_t row) const {
  const std::int64_t vector = (tensors_.first_row(b) + row) * problem_.num_q_heads + head;
  return q_.data() + vector * problem_.head_dim_qk;
}

const double* SimulatedCall::k(std::int64_t b, std::int64_t head, std::int64_t key) const {
  const std::int64_t vector =
      (tensors_.first_key(b) + key) * problem_.num_kv_heads + tensors_.kv_head(head);
  return k_.data() + vector * problem_.head_dim_qk;
}

const double* SimulatedCall::v(std::int64_t b, std::int64_t head, std::int64_t key) const {
  if (problem_.v_is_k_prefix) return k(b, head, key);
  const std::int64_t vector =
      (tensors_.first_key(b) + key) * problem_.num_kv_heads + tensors_.kv_head(head);
  return v_.data() + vector * problem_.head_dim_v;
}

SimulatedRow SimulatedCall::row(std::int64_t b, std::int64_t head, std::int64_t row,
                                const Style& style, Random& random,
                                const std::optional<problem::Range>& keys,
                                const Sabotage& sabotage) const {
  if (style.accumulate == problem::DType::kF64)
    return RowSimulator<double>(style, sabotage, random).attend(*this, b, head, row, keys);
  return RowSimulator<float>(style, sabotage, random).attend(*this, b, head, row, keys);
}

SimulatedOutputs simulate_call(const SimulatedCall& call, const Style& style, Random& random,
                               const std::vector<problem::Range>& keys, const Sabotage& sabotage) {
  const problem::Problem& p = call.problem();
  const auto rows = static_cast<std::size_t>(p.total_q() * p.num_q_heads);
  const bool wide = style.accumulate == problem::DType::kF64;
  SimulatedOutputs outputs{
      .o = problem::Elements(p.o_dtype, rows * static_cast<std::size_t>(p.head_dim_v)),
      .lse = problem::Elements(wide ? problem::DType::kF64 : problem::DType::kF32, rows)};
  std::size_t flat = 0;
  std::size_t element = 0;
  for (std::int64_t b = 0; b < p.batch(); ++b) {
    const auto sequence = static_cast<std::size_t>(b);
    std::optional<problem::Range> range;
    if (!keys.empty()) range = keys[sequence];
    for (std::int64_t row = 0; row < p.sequences[sequence].q_len; ++row) {
      for (std::int64_t head = 0; head < p.num_q_heads; ++head) {
        const SimulatedRow got = call.row(b, head, row, style, random, range, sabotage);
        for (const double o : got.o) outputs.o.set(element++, o);
        outputs.lse.set(flat++, got.lse);
      }
    }
  }
  return outputs;
}

SimulatedRow simulate_merge(const std::vector<SimulatedRow>& states, const Style& style,
                            Random& random) {
  const Sabotage none;
  if (style.accumulate == problem::DType::kF64)
    return RowSimulator<double>(style, none, random).merge(states);
  return RowSimulator<float>(style, none, random).merge(states);
}

}  // namespace attest::tests
