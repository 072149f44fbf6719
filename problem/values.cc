#include "problem/values.h"

#include <array>

#include "problem/name_table.h"
#include "problem/philox.h"

namespace attest::problem {
namespace {

constexpr std::array<std::string_view, 4> kTensors = {"q", "k", "v", "bias"};
constexpr std::array<std::string_view, kNumDistributions> kDistributions = {
    "lattice",     "normal",       "heavy_tail", "needle",     "peaked",          "rising",
    "falling",     "uniform",      "near_ties",  "low_scores", "very_low_scores", "large_scores",
    "subnormal_v", "cancelling_v", "constant_v", "one_hot_v",  "coherent"};

}  // namespace

std::string_view name_of(Tensor tensor) { return name_in(kTensors, tensor); }
std::optional<Tensor> parse_tensor(std::string_view name) {
  return parse_in<Tensor>(kTensors, name);
}

std::string_view name_of(Distribution distribution) {
  return name_in(kDistributions, distribution);
}
std::optional<Distribution> parse_distribution(std::string_view name) {
  return parse_in<Distribution>(kDistributions, name);
}

Extent extent_of(const Problem& problem, Tensor tensor, std::int64_t sequence) {
  const Sequence& lengths = problem.sequences[static_cast<std::size_t>(sequence)];
  switch (tensor) {
    case Tensor::kQ:
      return {lengths.q_len, problem.num_q_heads, problem.head_dim_qk, problem.q_dtype};
    case Tensor::kK:
      return {lengths.kv_len, problem.num_kv_heads, problem.head_dim_qk, problem.k_dtype};
    case Tensor::kV:
      return {lengths.kv_len, problem.num_kv_heads, problem.head_dim_v, problem.v_dtype};
    case Tensor::kBias:
      break;
  }
  const std::int64_t heads = problem.bias == Bias::kPerHead  ? problem.num_q_heads
                             : problem.bias == Bias::kShared ? 1
                                                             : 0;
  return {lengths.q_len * lengths.kv_len, heads, 1, DType::kF32};
}

std::uint32_t random_bits(std::uint64_t seed, Tensor tensor, std::int64_t sequence,
                          std::int64_t token, std::int64_t head, std::int64_t lane) {
  const RandomBlock block = random_block(seed, tensor, sequence, token, head, lane / 4);
  return block[static_cast<std::size_t>(lane % 4)];
}

std::uint64_t derive_seed(std::uint64_t key, std::uint64_t index) {
  // The last word is one that no element has (its lane would be past 2^22), so a seed used both for
  // values and for deriving does not repeat itself.
  const RandomBlock block = philox(key, {static_cast<std::uint32_t>(index),
                                         static_cast<std::uint32_t>(index >> 32), 0, 0xffffffff});
  return std::uint64_t{block[1]} << 32 | block[0];
}

}  // namespace attest::problem
