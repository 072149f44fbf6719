// From 32 random bits to one number, without libm and without rounding that could differ between
// machines. Internal to problem/; changing anything here changes kValuesVersion.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace attest::problem {

/// Mean square about 4, exact in every type. Zero is in it, more often than the rest.
inline double lattice(std::uint32_t bits) {
  constexpr std::array<double, 16> kValues = {0.0,   1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.25,
                                              -0.25, 0.5, -0.5, 4.0, -4.0, 1.0, -1.0, 0.0};
  return kValues[bits >> 28];
}

/// Other bits than those that `bits` is used for directly. (An odd multiplier mixes upwards.)
inline std::uint32_t remix(std::uint32_t bits) { return bits * 0x9e3779b9u; }

/// The sum of the four bytes, made continuous by 24 remixed bits; mean 0, variance 1.
inline double normal(std::uint32_t bits) {
  constexpr int kFractionBits = 24;
  constexpr double kUnit =
      0x1p-24 / 147.80092;  // the sum's standard deviation is sqrt(4 * 65536 / 12)
  const auto sum = static_cast<std::int32_t>((bits & 0xff) + ((bits >> 8) & 0xff) +
                                             ((bits >> 16) & 0xff) + (bits >> 24));
  const auto fraction = static_cast<std::int32_t>(remix(bits) >> (32 - kFractionBits));
  // Exact, in numbers that vectors of every machine can be made of.
  const double centred = static_cast<double>(sum - 510) * 0x1p24 +
                         static_cast<double>(fraction - (1 << (kFractionBits - 1)));
  return centred * kUnit;
}

/// Normal, times 2^n with probability 2^-(n + 3) for n = 1 ... 5, and 2^6 with probability 2^-8.
inline double heavy_tail(std::uint32_t bits) {
  const int shift = std::clamp(std::countl_zero(remix(bits ^ 0x5bd1e995u)) - 2, 0, 6);
  return normal(bits) * static_cast<double>(1 << shift);
}

/// Uniform in [-1, 1).
inline double symmetric(std::uint32_t bits) {
  return static_cast<double>(bits >> 8) * 0x1p-23 - 1.0;
}

/// The power of two whose exponent is half that of x > 0, rounded down.
inline double half_power(double x) {
  const int exponent = static_cast<int>(std::bit_cast<std::uint64_t>(x) >> 52) - 1023;
  return std::bit_cast<double>(static_cast<std::uint64_t>((exponent >> 1) + 1023) << 52);
}

inline double floor_power(double x) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & 0x7ff0'0000'0000'0000);
}

}  // namespace attest::problem
