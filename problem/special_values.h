#pragma once

#include <limits>

namespace attest {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kSmallestDouble = std::numeric_limits<double>::denorm_min();

}  // namespace attest
