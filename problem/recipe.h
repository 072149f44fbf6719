// The numbers behind each Distribution, row by row, before rounding to the type. Internal to
// problem/.
//
// Where scores must have a shape (needle, rising, low, ...), every fourth lane, from lane 0 on,
// carries it: there q = a * u and k = c_j * u with a sign vector u per KV head, and c_j follows
// from the score wanted for key j. The other lanes are noise of ordinary size, so that every lane
// still counts. Scores are meant as scale * (q . k): softcap, bias, ALiBi and the scales of
// quantised tensors come on top. As far as the types reach: where a or c_j would overflow its type
// it is cut, and the scores are then nearer to 0.
//
// An element depends on its own coordinates, the seed and the recipe; and, through the recipe, on
// `scale`, on head_dim_qk and on the types. No length enters, except in kNeedle, whose gap is about
// ln(kv_len), and kOneHotV, which is written in terms of head_dim_v.
#pragma once

#include <cstdint>
#include <vector>

#include "problem/problem.h"
#include "problem/values.h"

namespace attest::problem {

class Recipe {
 public:
  Recipe(const Problem& problem, const Values& values);

  /// Shapes: out [head_dim_qk]; `head` is a query head.
  void fill_q(std::int64_t sequence, std::int64_t row, std::int64_t head, double* out) const;
  /// Shapes: out [head_dim_qk]; `head` is a KV head.
  void fill_k(std::int64_t sequence, std::int64_t token, std::int64_t head, double* out) const;
  /// Shapes: out [head_dim_v]; `head` is a KV head.
  void fill_v(std::int64_t sequence, std::int64_t token, std::int64_t head, double* out) const;
  /// Shapes: out [kv_len of the sequence].
  void fill_bias(std::int64_t sequence, std::int64_t row, std::int64_t head, double* out) const;

 private:
  /// How carrier lanes hold the wanted scores.
  struct Carrier {
    double q_level = 0.0;      ///< a: a power of two with the sign of the scale
    double k_per_score = 0.0;  ///< c_j = wanted score * k_per_score, at most k_limit in magnitude
    double k_limit = 0.0;
    double q_noise = 1.0;    ///< power of two that the noise lanes of q are multiplied with
    double jitter = 0.0;     ///< half-width of the random part of the wanted score
    bool row_factor = true;  ///< half of the rows have scores 9/8 as large
  };

  bool shaped() const { return carrier_.q_level != 0.0; }
  Carrier make_carrier() const;
  double wanted_score(std::int64_t sequence, std::int64_t token, std::uint32_t bits) const;
  void fill_common();
  template <typename Value>
  void fill(Tensor tensor, std::int64_t sequence, std::int64_t token, std::int64_t head,
            std::int64_t lanes, double* out, Value&& value) const;

  const Problem& problem_;
  Distribution distribution_;
  std::uint64_t seed_;
  std::int64_t needle_;
  Carrier carrier_;
  double k_ulp_;  ///< distance from 1 to the next number of K's type
  std::vector<double>
      common_k_;  ///< [num_kv_heads, head_dim_qk], the same for all tokens: u, or what K repeats
  std::vector<double> common_v_;  ///< [num_kv_heads, head_dim_v]
};

}  // namespace attest::problem
