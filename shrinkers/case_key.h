// A short name for everything about a case that a check can depend on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "problem/case.h"

namespace attest::shrinkers {

/// 128 bits: two cases of one shrink (hundreds) share a key with probability below 2^-100.
/// Not stable across versions; never stored.
struct CaseKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const CaseKey&, const CaseKey&) = default;
  friend bool operator<(const CaseKey& a, const CaseKey& b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
};

/// Covers program, values, storage, plan and poisons, but no property, kernel, note, expectation
/// or shrink record.
CaseKey key_of(const problem::Case& value);

struct CaseKeyHash {
  std::size_t operator()(const CaseKey& key) const { return static_cast<std::size_t>(key.low); }
};

}  // namespace attest::shrinkers
