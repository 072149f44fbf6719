// One attention call: sizes, types, mask and score modifiers, without tensor contents (values.h) or
// placement (kv_storage.h). Declarations only; docs/semantics.md and oracle/definition.h say what
// it means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "problem/dtype.h"
#include "problem/mask.h"

namespace attest::problem {

/// One sequence of the batch. `kv_len` counts the chunk's own tokens too.
struct Sequence {
  std::int64_t q_len = 1;
  std::int64_t kv_len = 1;
  std::optional<std::int64_t>
      start_pos;  ///< absolute position of the first query; unset: kv_len - q_len

  std::int64_t first_position() const { return start_pos.value_or(kv_len - q_len); }
  friend bool operator==(const Sequence&, const Sequence&) = default;
};

/// Additive bias t_j += bias[head, row, key]: absent, one per head, or shared by all heads.
enum class Bias : std::uint8_t { kNone, kPerHead, kShared };

/// Dequantisation scales of one tensor: one (per tensor), num_kv_heads (per head; num_q_heads for
/// q) or batch * heads values (per sequence and head). Empty means 1.
using Scales = std::vector<double>;

struct Problem {
  std::vector<Sequence> sequences;
  std::int64_t num_q_heads = 1;
  std::int64_t num_kv_heads = 1;
  std::int64_t head_dim_qk = 1;
  std::int64_t head_dim_v = 1;
  bool v_is_k_prefix = false;  ///< V is the first head_dim_v lanes of K (MLA, absorbed form)

  DType q_dtype = DType::kF32;
  DType k_dtype = DType::kF32;
  DType v_dtype = DType::kF32;
  DType o_dtype = DType::kF32;

  double scale = 1.0;                ///< softmax scale
  double softcap = 0.0;              ///< 0: off
  std::vector<double> alibi_slopes;  ///< [num_q_heads] or empty
  std::vector<double> sinks;         ///< [num_q_heads] logits or empty
  Bias bias = Bias::kNone;
  Scales q_scale, k_scale, v_scale;
  std::optional<double> o_scale;  ///< quantised outputs hold encode(o / o_scale)
  Mask mask;

  std::int64_t batch() const { return static_cast<std::int64_t>(sequences.size()); }
  std::int64_t group() const { return num_q_heads / num_kv_heads; }
  std::int64_t total_q() const;   ///< sum of q_len
  std::int64_t total_kv() const;  ///< sum of kv_len
  std::int64_t max_q_len() const;
  std::int64_t max_kv_len() const;
  std::int64_t first_row(
      std::int64_t b) const;  ///< sum of q_len before sequence b (cu_seqlens_q[b])

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Caps that keep every size product far from overflow; also what a case file may ask for at most.
inline constexpr std::int64_t kMaxTokens = std::int64_t{1} << 20;
inline constexpr std::int64_t kMaxHeads = 1 << 10;
inline constexpr std::int64_t kMaxHeadDim = 1 << 12;
inline constexpr std::int64_t kMaxBatch = 1 << 12;
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;  ///< of any one logical tensor

/// One line saying what is wrong with the problem and which field, or nothing when it is well
/// formed.
std::optional<std::string> find_error(const Problem& problem);

}  // namespace attest::problem
