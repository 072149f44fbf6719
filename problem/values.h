// Contents of the tensors of a case: a recipe of counter-based random numbers plus explicit
// overrides. Element (tensor, sequence, token, head, lane) depends on its own coordinates, the seed
// and the recipe only, never on batch, lengths, number of heads, order, machine or compiler.
// (Recipes that shape scores know `scale` and head_dim_qk; kNeedle also knows kv_len, for its gap
// of about ln(kv_len), and kOneHotV knows head_dim_v.) Every value is exactly representable in its
// type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem/problem.h"

namespace attest::problem {

/// Changes whenever the same recipe would give other numbers.
inline constexpr int kValuesVersion = 1;

enum class Tensor : std::uint8_t { kQ = 0, kK = 1, kV = 2, kBias = 3 };
std::string_view name_of(Tensor tensor);  ///< "q", "k", "v", "bias"
std::optional<Tensor> parse_tensor(std::string_view name);

enum class Distribution : std::uint8_t {
  kLattice,        ///< small integers and powers of two
  kNormal,         ///< mean 0, variance 1 (sum of uniform integers)
  kHeavyTail,      ///< normal times a power of two, rarely large
  kNeedle,         ///< key `needle` holds about half the probability
  kPeaked,         ///< large scores, one key takes nearly all
  kRising,         ///< scores grow with the key index: every tile moves the running maximum
  kFalling,        ///< scores fall with the key index
  kUniform,        ///< q = 0: every visible key weighs the same
  kNearTies,       ///< scores equal up to a few ulp
  kLowScores,      ///< every score below -6e4
  kVeryLowScores,  ///< every score below -1e5
  kLargeScores,    ///< scores near the overflow of f32 exp sums, q.k itself finite
  kSubnormalV,     ///< V in the subnormal range of its type
  kCancellingV,    ///< V of alternating sign and like size
  kConstantV,      ///< every V token equal
  kOneHotV,        ///< V[j, d] = (j mod head_dim_v == d)
  kCoherent,       ///< q and k positive and parallel: |q.k| = |q||k|
};
inline constexpr int kNumDistributions = 17;
std::string_view name_of(Distribution distribution);
std::optional<Distribution> parse_distribution(std::string_view name);

/// One element given explicitly. `token` is the query row for q, the key for k and v; for the bias
/// `token` is row * kv_len + key and `lane` is 0.
struct Override {
  Tensor tensor = Tensor::kQ;
  std::int64_t sequence = 0;
  std::int64_t token = 0;
  std::int64_t head = 0;
  std::int64_t lane = 0;
  std::uint64_t bits = 0;  ///< in the tensor's type (bias: f32)
  friend bool operator==(const Override&, const Override&) = default;
};

/// How many tokens, heads and lanes of one sequence a tensor has in the coordinates of an override,
/// and its type.
struct Extent {
  std::int64_t tokens, heads, lanes;
  DType type;
};
Extent extent_of(const Problem& problem, Tensor tensor, std::int64_t sequence);

struct Values {
  Distribution distribution = Distribution::kLattice;
  std::uint64_t seed = 0;
  std::int64_t needle =
      0;  ///< key index that kNeedle raises, in every sequence (clamped to its length)
  std::vector<Override> overrides;
  friend bool operator==(const Values&, const Values&) = default;
};

/// 32 random bits of one element. Philox4x32-10 keyed by the seed; lanes 4k..4k+3 share a block.
/// The recipe of the bias takes its bits at (token = row, lane = key), so that they do not depend
/// on kv_len.
std::uint32_t random_bits(std::uint64_t seed, Tensor tensor, std::int64_t sequence,
                          std::int64_t token, std::int64_t head, std::int64_t lane);

/// 64 bits of a hash-like stream: element `index` under `key`. For seeds derived from seeds.
std::uint64_t derive_seed(std::uint64_t key, std::uint64_t index);

}  // namespace attest::problem
