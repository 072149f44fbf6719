// Fewer query rows and keys. Rows and keys hang together: with the default start_pos, taking a key
// away moves every row one position down. So the steps are
//   from the end, rows and keys alike:  what is left keeps its positions;
//   keys from the front:                the past gets shorter;
//   rows from the front:                less is asked, of the same cache.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "shrinkers/ladder.h"
#include "shrinkers/passes.h"
#include "shrinkers/repair.h"

namespace attest::shrinkers {

using problem::Case;
using problem::Range;
using problem::Sequence;

namespace {

constexpr std::int64_t kMostSingleTokens =
    8;  ///< up to this length every row and key is tried alone

constexpr Range kNone{0, 0};

Case with_lengths(const Case& base, std::int64_t b, std::int64_t q_len, std::int64_t kv_len) {
  const Sequence& now = base.problem().sequences[static_cast<std::size_t>(b)];
  const Range rows = q_len < now.q_len ? Range{q_len, now.q_len} : kNone;
  const Range keys = kv_len < now.kv_len ? Range{kv_len, now.kv_len} : kNone;
  return remove_tokens(base, b, rows, keys);
}

// Every sequence at once, its new lengths by `shorten`.
Case with_all_lengths(const Case& base, const std::function<Sequence(const Sequence&)>& shorten) {
  Case result = base;
  for (std::int64_t b = 0; b < base.problem().batch(); ++b) {
    const Sequence lengths = shorten(base.problem().sequences[static_cast<std::size_t>(b)]);
    result = with_lengths(result, b, lengths.q_len, lengths.kv_len);
  }
  return result;
}

void shorten_all(const Case& base, Proposals& result) {
  result.push_back(with_all_lengths(base, [](const Sequence& s) {
    return Sequence{std::min<std::int64_t>(s.q_len, 1), std::min<std::int64_t>(s.kv_len, 1), {}};
  }));
  result.push_back(with_all_lengths(base, [](const Sequence& s) {
    return Sequence{std::min<std::int64_t>(s.q_len, 1), std::min<std::int64_t>(s.kv_len, 2), {}};
  }));
  result.push_back(with_all_lengths(base, [](const Sequence& s) {
    return Sequence{std::min<std::int64_t>(s.q_len, 1), 0, {}};
  }));
  result.push_back(with_all_lengths(base, [](const Sequence& s) {
    return Sequence{std::min<std::int64_t>(s.q_len, 1), s.kv_len, {}};
  }));
  if (base.problem().batch() == 1) return;  // shorten_one() halves
  result.push_back(with_all_lengths(base, [](const Sequence& s) {
    return Sequence{s.q_len - s.q_len / 2, s.kv_len / 2, {}};
  }));
}

void shorten_one(const Case& base, std::int64_t b, Proposals& result) {
  const Sequence& now = base.problem().sequences[static_cast<std::size_t>(b)];
  result.push_back(remove_tokens(base, b, {0, now.q_len}, {0, now.kv_len}));
  if (now.q_len > 1) {
    for (const std::int64_t q_len : ladder(now.q_len, 0)) {
      const std::int64_t kv_len = std::max<std::int64_t>(now.kv_len - (now.q_len - q_len), 0);
      result.push_back(with_lengths(base, b, q_len, kv_len));
    }
  }
  for (const std::int64_t kv_len : ladder(now.kv_len, 0)) {
    result.push_back(remove_tokens(base, b, kNone, {0, now.kv_len - kv_len}));
  }
  for (const std::int64_t q_len : ladder(now.q_len, 0)) {
    result.push_back(remove_tokens(base, b, {0, now.q_len - q_len}, kNone));
  }
}

// Which token goes matters only where tokens differ by more than the recipe's dice.
bool tokens_are_told_apart(const Case& base) {
  return !base.values.overrides.empty() || !base.problem().mask.custom.empty() ||
         !base.problem().mask.tree.empty();
}

void remove_singles(const Case& base, std::int64_t b, Proposals& result) {
  const Sequence& now = base.problem().sequences[static_cast<std::size_t>(b)];
  if (now.kv_len <= kMostSingleTokens) {
    for (std::int64_t key = 1; key < now.kv_len; ++key) {  // key 0: shorten_one()
      result.push_back(remove_tokens(base, b, kNone, {key, key + 1}));
    }
  }
  if (now.q_len <= kMostSingleTokens) {
    for (std::int64_t row = 1; row < now.q_len; ++row) {
      result.push_back(remove_tokens(base, b, {row, row + 1}, kNone));
    }
  }
}

}  // namespace

Proposals fewer_tokens(const Case& base) {
  Proposals result;
  shorten_all(base, result);
  for (std::int64_t b = 0; b < base.problem().batch(); ++b) shorten_one(base, b, result);
  if (tokens_are_told_apart(base)) {
    for (std::int64_t b = 0; b < base.problem().batch(); ++b) remove_singles(base, b, result);
  }
  return result;
}

}  // namespace attest::shrinkers
