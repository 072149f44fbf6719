// Rotary embedding of an append_attend: which lanes of q and of new keys are turned, and by what.
#pragma once

#include <cstdint>
#include <utility>

#include "problem/elements.h"

namespace attest::problem {

struct Rotary {
  std::int64_t dim = 0;      ///< lanes turned, from the first on; even; 0: none
  bool interleaved = false;  ///< pairs (2i, 2i + 1); else (i, i + dim / 2)
  Elements cos, sin;         ///< f32 [positions, dim / 2]

  /// The lanes of pair i.
  std::pair<std::int64_t, std::int64_t> pair(std::int64_t i) const {
    if (interleaved) return {2 * i, 2 * i + 1};
    return {i, i + dim / 2};
  }
};

}  // namespace attest::problem
