// What can be broken on purpose in a simulated kernel. By default nothing is.
#pragma once

#include <cstdint>
#include <limits>

namespace attest::tests {

inline constexpr std::int64_t kNoKey = -1;

struct Sabotage {
  double scale_factor = 1;             ///< of the softmax scale
  std::int64_t dropped_key = kNoKey;   ///< not seen although visible
  std::int64_t revealed_key = kNoKey;  ///< seen although hidden
  std::int64_t leaking_key = kNoKey;   ///< hidden, but gets the weight `leak` beside e^(t - m)
  double leak = 0;
  std::int64_t heavy_key = kNoKey;  ///< its weight is multiplied by `heavy`
  double heavy = 1;
  double acc_rescale = 1;  ///< on top of every rescale factor of the outputs ...
  double l_rescale = 1;    ///< ... and of the denominator
  /// Outputs are not rescaled by factors above this; the denominator is.
  double skip_rescale_above = std::numeric_limits<double>::infinity();
  bool f16_sums = false;  ///< every operation rounds to f16
  bool bf16_scores = false;
  double exp_ripple = 0;  ///< exp2 is off by up to this share, as a poor polynomial is
};

}  // namespace attest::tests
