// Forbidden places of a case and what they are filled with. A kernel that reads one is heard.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace attest::problem {

enum class PoisonPlace : std::uint8_t {
  kFuture,         ///< tokens no query may see for causal reasons
  kOutsideWindow,  ///< tokens outside every query's window or attention chunk
  kPageTail,       ///< slots of a used page past kv_len (contiguous: the gap after a sequence)
  kFreePages,      ///< pages no sequence names
  kTableTail,      ///< block table entries past the used prefix
  kWorkspace,      ///< workspace before the run
  kOutput,         ///< output before the run
};
inline constexpr int kNumPoisonPlaces = 7;
std::string_view name_of(PoisonPlace place);
std::optional<PoisonPlace> parse_poison_place(std::string_view name);

enum class PoisonKind : std::uint8_t {
  kNaN,
  kPlusInf,
  kMinusInf,
  kLargest,     ///< largest finite value of the type
  kDominating,  ///< K parallel to the queries so that it would take all the probability, V a marker
                ///< value
};
inline constexpr int kNumPoisonKinds = 5;
std::string_view name_of(PoisonKind kind);
std::optional<PoisonKind> parse_poison_kind(std::string_view name);

struct Poison {
  PoisonPlace place = PoisonPlace::kPageTail;
  PoisonKind kind = PoisonKind::kNaN;
  bool in_k = true;
  bool in_v = true;
  friend bool operator==(const Poison&, const Poison&) = default;
};

}  // namespace attest::problem
