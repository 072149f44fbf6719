#include "oracle/logical_tensors.h"

#include <cstddef>

#include "problem/special_values.h"

namespace attest::oracle {

LogicalTensors::LogicalTensors(const problem::Problem& problem, const problem::Inputs& inputs)
    : problem_(problem), inputs_(inputs) {
  const std::int64_t bias_heads =
      problem.bias == problem::Bias::kNone
          ? 0
          : (problem.bias == problem::Bias::kPerHead ? problem.num_q_heads : 1);
  std::int64_t rows = 0;
  std::int64_t keys = 0;
  std::int64_t biases = 0;
  for (const problem::Sequence& sequence : problem.sequences) {
    first_row_.push_back(rows);
    first_key_.push_back(keys);
    first_bias_.push_back(biases);
    rows += sequence.q_len;
    keys += sequence.kv_len;
    biases += bias_heads * sequence.q_len * sequence.kv_len;
  }
}

double LogicalTensors::q(std::int64_t b, std::int64_t head, std::int64_t row,
                         std::int64_t lane) const {
  const std::int64_t vector = (first_row(b) + row) * problem_.num_q_heads + head;
  return inputs_.q.value(static_cast<std::size_t>(vector * problem_.head_dim_qk + lane));
}

double LogicalTensors::k(std::int64_t b, std::int64_t head, std::int64_t key,
                         std::int64_t lane) const {
  const std::int64_t vector = (first_key(b) + key) * problem_.num_kv_heads + kv_head(head);
  return inputs_.k.value(static_cast<std::size_t>(vector * problem_.head_dim_qk + lane));
}

double LogicalTensors::v(std::int64_t b, std::int64_t head, std::int64_t key,
                         std::int64_t lane) const {
  if (problem_.v_is_k_prefix) return k(b, head, key, lane);
  const std::int64_t vector = (first_key(b) + key) * problem_.num_kv_heads + kv_head(head);
  return inputs_.v.value(static_cast<std::size_t>(vector * problem_.head_dim_v + lane));
}

double LogicalTensors::bias(std::int64_t b, std::int64_t head, std::int64_t row,
                            std::int64_t key) const {
  if (problem_.bias == problem::Bias::kNone) return 0;
  return inputs_.bias.value(bias_index(b, head, row, key));
}

std::size_t LogicalTensors::bias_index(std::int64_t b, std::int64_t head, std::int64_t row,
                                       std::int64_t key) const {
  const problem::Sequence& sequence = problem_.sequences[static_cast<std::size_t>(b)];
  const std::int64_t plane = problem_.bias == problem::Bias::kPerHead ? head : 0;
  return static_cast<std::size_t>(first_bias(b) + (plane * sequence.q_len + row) * sequence.kv_len +
                                  key);
}

double LogicalTensors::scale_of(const problem::Scales& scales, std::int64_t b, std::int64_t head,
                                std::int64_t num_heads) const {
  const auto size = static_cast<std::int64_t>(scales.size());
  if (size == 0) return 1;
  if (size == 1) return scales[0];
  if (size == num_heads) return scales[static_cast<std::size_t>(head)];
  return scales[static_cast<std::size_t>(b * num_heads + head)];
}

double LogicalTensors::q_scale(std::int64_t b, std::int64_t head) const {
  return scale_of(problem_.q_scale, b, head, problem_.num_q_heads);
}

double LogicalTensors::k_scale(std::int64_t b, std::int64_t head) const {
  return scale_of(problem_.k_scale, b, kv_head(head), problem_.num_kv_heads);
}

double LogicalTensors::v_scale(std::int64_t b, std::int64_t head) const {
  if (problem_.v_is_k_prefix) return k_scale(b, head);
  return scale_of(problem_.v_scale, b, kv_head(head), problem_.num_kv_heads);
}

double LogicalTensors::alibi_slope(std::int64_t head) const {
  return problem_.alibi_slopes.empty() ? 0 : problem_.alibi_slopes[static_cast<std::size_t>(head)];
}

double LogicalTensors::sink(std::int64_t head) const {
  return problem_.sinks.empty() ? -kInfinity : problem_.sinks[static_cast<std::size_t>(head)];
}

}  // namespace attest::oracle
