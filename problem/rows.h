// encode(), decode() and round_to() of dtype.h for whole rows, several times as fast.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "problem/dtype.h"

namespace attest::problem {

/// Stores values as elements, each as encode() does, but for payloads of NaNs.
void encode_row(DType type, std::span<const double> values, std::byte* to);

/// Reads as many elements as there are values, each as decode() does, but for payloads of NaNs.
void decode_row(DType type, const std::byte* from, std::span<double> values);

/// round_to() for many numbers of one type.
class Rounder {
 public:
  explicit Rounder(DType type);

  double operator()(double value) const {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t size = bits & ~kSign;
    // (Not so for NaN, either.)
    if (size > largest_) return round_to(type_, value);
    // A sum with 2^52 units in the last place of the result is rounded to just these.
    const std::uint64_t exponent = size < smallest_ ? smallest_ : size & kExponent;
    const auto magic = std::bit_cast<double>(exponent + shift_);
    const double rounded = (std::bit_cast<double>(size) + magic) - magic;
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(rounded) | (bits & kSign));
  }

 private:
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  static constexpr std::uint64_t kExponent = std::uint64_t{0x7ff} << 52;

  DType type_;
  std::uint64_t largest_;   ///< largest finite number, as bits of a double; 0: none goes this way
  std::uint64_t smallest_;  ///< smallest normal number
  std::uint64_t shift_;     ///< from a number's exponent to that of the magic one
};

}  // namespace attest::problem
