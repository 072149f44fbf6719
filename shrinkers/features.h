// What a case can use beyond the plainest attention call, each with how to do without. One table
// counts (order.cc) and switches off (features.cc), so the two cannot disagree.
#pragma once

#include <span>
#include <string_view>

#include "problem/case.h"

namespace attest::shrinkers {

struct Feature {
  std::string_view name;
  bool (*in_use)(const problem::Case&);
  /// The case without it. Other features in use stay as they are.
  problem::Case (*without)(const problem::Case&);
};

/// Features of the meaning of a call: masks and score modifiers.
std::span<const Feature> meaning_features();

/// Features of shape, number format, storage and plan; kernels often insist on some of these.
std::span<const Feature> execution_features();

}  // namespace attest::shrinkers
