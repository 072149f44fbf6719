// Element access to the tensors of a call by what the indices mean. Stored values; scales apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/inputs.h"
#include "problem/problem.h"

namespace attest::oracle {

/// `head` is always a query head; K and V are those of the KV head it reads.
class LogicalTensors {
 public:
  /// Keeps references to both.
  LogicalTensors(const problem::Problem& problem, const problem::Inputs& inputs);

  double q(std::int64_t b, std::int64_t head, std::int64_t row, std::int64_t lane) const;
  double k(std::int64_t b, std::int64_t head, std::int64_t key, std::int64_t lane) const;
  /// With v_is_k_prefix a lane of K.
  double v(std::int64_t b, std::int64_t head, std::int64_t key, std::int64_t lane) const;
  double bias(std::int64_t b, std::int64_t head, std::int64_t row,
              std::int64_t key) const;  ///< 0 without one
  /// Where Inputs::bias holds it; the problem has a bias.
  std::size_t bias_index(std::int64_t b, std::int64_t head, std::int64_t row,
                         std::int64_t key) const;

  double q_scale(std::int64_t b, std::int64_t head) const;
  double k_scale(std::int64_t b, std::int64_t head) const;
  double v_scale(std::int64_t b, std::int64_t head) const;  ///< with v_is_k_prefix that of K
  double alibi_slope(std::int64_t head) const;              ///< 0 without ALiBi
  double sink(std::int64_t head) const;                     ///< -inf without one

  std::int64_t kv_head(std::int64_t head) const { return head / problem_.group(); }
  std::int64_t first_row(std::int64_t b) const { return first_row_[static_cast<std::size_t>(b)]; }
  std::int64_t first_key(std::int64_t b) const { return first_key_[static_cast<std::size_t>(b)]; }
  std::int64_t first_bias(std::int64_t b) const { return first_bias_[static_cast<std::size_t>(b)]; }

 private:
  double scale_of(const problem::Scales& scales, std::int64_t b, std::int64_t head,
                  std::int64_t num_heads) const;

  const problem::Problem& problem_;
  const problem::Inputs& inputs_;
  std::vector<std::int64_t> first_row_, first_key_, first_bias_;  ///< per sequence
};

}  // namespace attest::oracle
