// A published check as data: what its generator draws, and what it tolerates. The rows are in
// policies.cc, each with its source; inputs.h draws from them and accept.h applies them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "problem/dtype.h"
#include "problem/kv_storage.h"

namespace attest::bench {

/// How an output is compared with a reference.
enum class Rule : std::uint8_t {
  kAllclose,   ///< every |got - ref| <= atol + rtol |ref|
  kMaxTimes,   ///< max |got - exact| <= factor * max |low precision - exact|
  kMeanTimes,  ///< the same for means
  kNmse,       ///< sum (got - ref)^2 / sum got^2 <= factor
};

/// What kAllclose and kNmse compare with.
enum class Reference : std::uint8_t {
  kExact,         ///< not rounded
  kRounded,       ///< rounded to the type of the output
  kLowPrecision,  ///< computed in the type of q, as published
};

/// One combination of types with its tolerance.
struct TypeRule {
  problem::DType q, kv, o;
  Rule rule = Rule::kAllclose;
  double factor = 0;  ///< of kMaxTimes, kMeanTimes, kNmse
  double atol = 0, rtol = 0;
  double k_scale = 1, v_scale = 1;
};

/// How the lengths of sequences follow from a published pair.
enum class Spread : std::uint8_t {
  kNone,        ///< every sequence has them
  kAnyKv,       ///< kv_len uniform in [1, kv], the last sequence kv
  kLastTwenty,  ///< both uniform in the last 20 up to the published one
  kPast,        ///< uniform in [1, kv] cached tokens before the q new ones
};

struct Lengths {
  std::int64_t q, kv;
  Spread spread = Spread::kNone;
};

struct Heads {
  std::int64_t q, kv;
};

struct HeadDims {
  std::int64_t qk, v;
};

enum class Alibi : std::uint8_t { kNever, kNormal, kUniform, kGeometric };
enum class Bias : std::uint8_t { kNever, kUniformShared, kNormalPerKey };
enum class Fill : std::uint8_t { kNormal, kUniform };
enum class Unused : std::uint8_t { kZeros, kLikeTokens };

struct Policy {
  std::string_view id;
  std::string_view source;  ///< project, file, test
  std::vector<TypeRule> types;
  Reference reference = Reference::kExact;
  bool scales_keys = false;  ///< the low-precision reference rounds k * scale, not (q.k) * scale
  std::optional<double> lse_atol;  ///< its LSE is checked, too
  double lse_rtol = 0;

  std::vector<std::int64_t> batches;
  std::vector<Lengths> lengths;
  std::vector<Heads> heads;
  std::vector<HeadDims> head_dims;
  std::vector<bool> causal;
  bool top_left = false;  ///< the causal mask is anchored at the top left
  std::vector<double> softcaps = {0};
  Alibi alibi = Alibi::kNever;  ///< half of the cases
  double alibi_size = 1;        ///< of kNormal and kUniform
  Bias bias = Bias::kNever;     ///< half of the cases
  double bias_size = 1;
  bool half_window = false;  ///< half of the cases have a window of kv / 2 tokens, self included
  bool sinks = false;        ///< a third of the cases each: none, of 0, uniform in [0, 1)

  Fill fill = Fill::kNormal;
  double size = 1;                         ///< standard deviation, or half-width
  bool over_root_dim = false;              ///< size is divided by sqrt(head_dim)
  std::vector<problem::KvLayout> layouts;  ///< preferred; kernels without them get their own
  std::vector<std::int64_t> page_sizes = {16};
  bool shuffled_pages = false;
  Unused unused = Unused::kZeros;
  bool nan_in_unused_v_of_fp8 = false;
  bool gaps_after_heads =
      false;  ///< half of the cases: K and V are slices of tensors twice as wide
};

std::span<const Policy> all_policies();
/// nullptr when unknown.
const Policy* find_policy(std::string_view id);

}  // namespace attest::bench
