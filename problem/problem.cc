#include "problem/problem.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <fmt/core.h>

namespace attest::problem {
namespace {

using MaybeError = std::optional<std::string>;

/// Window and attention chunk: what a kernel that counts in 32 bits can be told.
constexpr std::int64_t kMaxDistance = 0x7fff'ffff;

MaybeError outside(std::string_view field, std::int64_t value, std::int64_t low,
                   std::int64_t high) {
  if (value >= low && value <= high) return std::nullopt;
  return fmt::format("{} = {}: must be in [{}, {}]", field, value, low, high);
}

MaybeError find_error_in_sequences(const Problem& problem) {
  if (problem.sequences.empty() || problem.batch() > kMaxBatch) {
    return fmt::format("sequences has {} entries: must have 1 to {}", problem.batch(), kMaxBatch);
  }
  for (std::size_t b = 0; b < problem.sequences.size(); ++b) {
    const Sequence& sequence = problem.sequences[b];
    const auto field = [&](const char* name) { return fmt::format("sequences[{}].{}", b, name); };
    if (auto error = outside(field("q_len"), sequence.q_len, 0, kMaxTokens)) return error;
    if (auto error = outside(field("kv_len"), sequence.kv_len, 0, kMaxTokens)) return error;
    if (sequence.start_pos) {
      if (auto error = outside(field("start_pos"), *sequence.start_pos, -kMaxTokens, kMaxTokens)) {
        return error;
      }
    }
  }
  return std::nullopt;
}

MaybeError find_error_in_heads(const Problem& problem) {
  if (auto error = outside("num_kv_heads", problem.num_kv_heads, 1, kMaxHeads)) return error;
  if (auto error = outside("num_q_heads", problem.num_q_heads, 1, kMaxHeads)) return error;
  if (problem.num_q_heads % problem.num_kv_heads != 0) {
    return fmt::format("num_q_heads = {}: must be a multiple of num_kv_heads, {}",
                       problem.num_q_heads, problem.num_kv_heads);
  }
  if (auto error = outside("head_dim_qk", problem.head_dim_qk, 1, kMaxHeadDim)) return error;
  if (auto error = outside("head_dim_v", problem.head_dim_v, 1, kMaxHeadDim)) return error;
  if (!problem.v_is_k_prefix) return std::nullopt;
  if (problem.head_dim_v > problem.head_dim_qk) {
    return fmt::format("head_dim_v = {}: must be at most head_dim_qk, {}, with v_is_k_prefix",
                       problem.head_dim_v, problem.head_dim_qk);
  }
  if (problem.v_dtype != problem.k_dtype) {
    return fmt::format("v_dtype = {}: must be k_dtype, {}, with v_is_k_prefix",
                       name_of(problem.v_dtype), name_of(problem.k_dtype));
  }
  if (problem.v_scale != problem.k_scale) {
    return "v_scale: must be the same as k_scale with v_is_k_prefix";
  }
  return std::nullopt;
}

std::int64_t total_pairs(const Problem& problem) {
  std::int64_t pairs = 0;
  for (const Sequence& sequence : problem.sequences) pairs += sequence.q_len * sequence.kv_len;
  return pairs;
}

/// The caps on lengths and heads keep every product here below 2^63.
MaybeError find_error_in_sizes(const Problem& problem) {
  struct Size {
    std::string_view tensor;
    std::int64_t elements;
  };
  const std::int64_t bias_heads = problem.bias == Bias::kNone      ? 0
                                  : problem.bias == Bias::kPerHead ? problem.num_q_heads
                                                                   : 1;
  const std::array<Size, 5> sizes = {{
      {"q", problem.total_q() * problem.num_q_heads * problem.head_dim_qk},
      {"k", problem.total_kv() * problem.num_kv_heads * problem.head_dim_qk},
      {"v", problem.total_kv() * problem.num_kv_heads * problem.head_dim_v},
      {"o", problem.total_q() * problem.num_q_heads * problem.head_dim_v},
      {"bias", total_pairs(problem) * bias_heads},
  }};
  for (const Size& size : sizes) {
    if (size.elements > kMaxElements) {
      return fmt::format("sequences: {} would have {} elements, at most {}", size.tensor,
                         size.elements, kMaxElements);
    }
  }
  return std::nullopt;
}

/// Kernels get these numbers as f32; another number would be judged against what no kernel was
/// given.
MaybeError not_f32(std::string_view field, double value) {
  if (round_to(DType::kF32, value) == value) return std::nullopt;
  return fmt::format("{} = {}: must be exact in f32, for example {}", field, value,
                     round_to(DType::kF32, value));
}

MaybeError find_error_in_scales(std::string_view field, const Scales& scales, std::int64_t heads,
                                std::int64_t batch) {
  const auto count = static_cast<std::int64_t>(scales.size());
  if (count != 0 && count != 1 && count != heads && count != batch * heads) {
    return fmt::format("{} has {} entries: must have none, 1, {} (heads) or {} (batch * heads)",
                       field, count, heads, batch * heads);
  }
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const std::string name = fmt::format("{}[{}]", field, i);
    if (!std::isfinite(scales[i]) || scales[i] == 0.0) {
      return fmt::format("{} = {}: must be finite and not 0", name, scales[i]);
    }
    if (auto error = not_f32(name, scales[i])) return error;
  }
  return std::nullopt;
}

MaybeError find_error_per_head(std::string_view field, const std::vector<double>& numbers,
                               std::int64_t heads, bool minus_inf_allowed) {
  if (!numbers.empty() && static_cast<std::int64_t>(numbers.size()) != heads) {
    return fmt::format("{} has {} entries: must have one per query head, {}, or none", field,
                       numbers.size(), heads);
  }
  for (std::size_t h = 0; h < numbers.size(); ++h) {
    const double value = numbers[h];
    const std::string name = fmt::format("{}[{}]", field, h);
    if (minus_inf_allowed && std::isinf(value) && value < 0.0) continue;
    if (!std::isfinite(value)) {
      return fmt::format("{} = {}: must be finite{}", name, value,
                         minus_inf_allowed ? " or -inf" : "");
    }
    if (auto error = not_f32(name, value)) return error;
  }
  return std::nullopt;
}

MaybeError find_error_in_scores(const Problem& problem) {
  if (!std::isfinite(problem.scale)) {
    return fmt::format("scale = {}: must be finite", problem.scale);
  }
  if (!std::isfinite(problem.softcap) || problem.softcap < 0.0) {
    return fmt::format("softcap = {}: must be finite and at least 0", problem.softcap);
  }
  const std::int64_t heads = problem.num_q_heads;
  const std::int64_t batch = problem.batch();
  if (auto e = find_error_per_head("alibi_slopes", problem.alibi_slopes, heads, false)) return e;
  if (auto e = find_error_per_head("sinks", problem.sinks, heads, true)) return e;
  if (auto e = find_error_in_scales("q_scale", problem.q_scale, heads, batch)) return e;
  if (auto e = find_error_in_scales("k_scale", problem.k_scale, problem.num_kv_heads, batch)) {
    return e;
  }
  if (auto e = find_error_in_scales("v_scale", problem.v_scale, problem.num_kv_heads, batch)) {
    return e;
  }
  if (!problem.o_scale) return std::nullopt;
  if (!std::isfinite(*problem.o_scale) || *problem.o_scale == 0.0) {
    return fmt::format("o_scale = {}: must be finite and not 0", *problem.o_scale);
  }
  return not_f32("o_scale", *problem.o_scale);
}

MaybeError find_error_in_tree(const Tree& tree, std::size_t b, std::int64_t kv_len) {
  const auto size = static_cast<std::int64_t>(tree.parent.size());
  if (size > kv_len) {
    return fmt::format("mask.tree[{}] has {} tokens: at most kv_len, {}", b, size, kv_len);
  }
  for (std::size_t t = 0; t < tree.parent.size(); ++t) {
    const std::int32_t parent = tree.parent[t];
    if (parent < -1 || parent >= static_cast<std::int64_t>(t)) {
      return fmt::format("mask.tree[{}].parent[{}] = {}: must be -1 or an earlier token", b, t,
                         parent);
    }
  }
  return std::nullopt;
}

MaybeError find_error_in_custom(const std::vector<std::uint8_t>& bits, std::size_t b,
                                const Sequence& sequence) {
  if (static_cast<std::int64_t>(bits.size()) != sequence.q_len * sequence.kv_len) {
    return fmt::format("mask.custom[{}] has {} entries: must have q_len * kv_len = {}", b,
                       bits.size(), sequence.q_len * sequence.kv_len);
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] > 1) {
      return fmt::format("mask.custom[{}][{}] = {}: must be 0 or 1", b, i, int{bits[i]});
    }
  }
  return std::nullopt;
}

MaybeError find_error_in_mask(const Problem& problem) {
  const Mask& mask = problem.mask;
  if (mask.window_left) {
    if (auto e = outside("mask.window_left", *mask.window_left, 0, kMaxDistance)) return e;
  }
  if (mask.window_right) {
    if (auto e = outside("mask.window_right", *mask.window_right, 0, kMaxDistance)) return e;
  }
  if (mask.attention_chunk) {
    if (auto e = outside("mask.attention_chunk", *mask.attention_chunk, 1, kMaxDistance)) return e;
  }
  const auto one_each = [&](std::string_view field, std::size_t count) -> MaybeError {
    if (count == 0 || count == problem.sequences.size()) return std::nullopt;
    return fmt::format("{} has {} entries: must have one per sequence, {}, or none", field, count,
                       problem.batch());
  };
  if (auto error = one_each("mask.tree", mask.tree.size())) return error;
  if (auto error = one_each("mask.custom", mask.custom.size())) return error;
  for (std::size_t b = 0; b < mask.tree.size(); ++b) {
    if (auto e = find_error_in_tree(mask.tree[b], b, problem.sequences[b].kv_len)) return e;
  }
  for (std::size_t b = 0; b < mask.custom.size(); ++b) {
    if (auto e = find_error_in_custom(mask.custom[b], b, problem.sequences[b])) return e;
  }
  return std::nullopt;
}

}  // namespace

std::int64_t Problem::total_q() const { return first_row(batch()); }

std::int64_t Problem::total_kv() const {
  std::int64_t total = 0;
  for (const Sequence& sequence : sequences) total += sequence.kv_len;
  return total;
}

std::int64_t Problem::max_q_len() const {
  std::int64_t longest = 0;
  for (const Sequence& sequence : sequences) longest = std::max(longest, sequence.q_len);
  return longest;
}

std::int64_t Problem::max_kv_len() const {
  std::int64_t longest = 0;
  for (const Sequence& sequence : sequences) longest = std::max(longest, sequence.kv_len);
  return longest;
}

std::int64_t Problem::first_row(std::int64_t b) const {
  std::int64_t rows = 0;
  for (std::int64_t i = 0; i < b; ++i) rows += sequences[static_cast<std::size_t>(i)].q_len;
  return rows;
}

std::optional<std::string> find_error(const Problem& problem) {
  if (auto error = find_error_in_sequences(problem)) return error;
  if (auto error = find_error_in_heads(problem)) return error;
  if (auto error = find_error_in_sizes(problem)) return error;
  if (auto error = find_error_in_scores(problem)) return error;
  return find_error_in_mask(problem);
}

}  // namespace attest::problem
