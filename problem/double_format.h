// How a double is stored.
#pragma once

#include <bit>
#include <cstdint>

namespace attest::problem {

inline constexpr int kDoubleMantissaBits = 52;
inline constexpr int kDoubleBias = 1023;
inline constexpr std::uint64_t kDoubleExponent = std::uint64_t{0x7ff} << kDoubleMantissaBits;

/// 2^exponent for normal results.
constexpr double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + kDoubleBias)
                               << kDoubleMantissaBits);
}

}  // namespace attest::problem
