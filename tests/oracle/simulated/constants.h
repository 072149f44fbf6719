#pragma once

#include <limits>

namespace attest::tests {

template <typename T>
inline constexpr T kMinusInfinity = -std::numeric_limits<T>::infinity();
template <typename T>
inline constexpr T kLn2 = T(0.69314718055994530942);
template <typename T>
inline constexpr T kLog2E = T(1.44269504088896340736);

}  // namespace attest::tests
