// Conversions between float and the small types of CUDA, with CUDA's treatment of NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace attest::simt {

/// Bits of a binary float with `kExponent` exponent and `kMantissa` mantissa bits. `kIeee`: all
/// ones in the exponent are infinity and NaN; otherwise only the pattern of all ones is NaN (e4m3).
template <int kExponent, int kMantissa, bool kIeee>
struct SmallFloat {
  static constexpr std::uint32_t kSign = 1u << (kExponent + kMantissa);
  static constexpr std::uint32_t kInfinity = ((1u << kExponent) - 1) << kMantissa;
  static constexpr std::uint32_t kLargest = kIeee ? kInfinity - 1 : kSign - 2;
  static constexpr std::uint32_t kNaN = kSign - 1;
  static constexpr int kBias = (1 << (kExponent - 1)) - 1;

  /// To nearest, ties to even. What rounds beyond the largest becomes infinity (NaN where there is
  /// none), or with `saturate` the largest. NaN becomes kNaN without a sign.
  static constexpr std::uint32_t encode(float value, bool saturate = false) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return kNaN;
    const std::uint32_t sign = (bits >> 31) * kSign;
    const std::uint32_t rounded = magnitude == 0x7f800000u ? kLargest + 1 : round(magnitude);
    if (rounded <= kLargest) return sign | rounded;
    if (saturate) return sign | kLargest;
    return kIeee ? sign | kInfinity : sign | kNaN;
  }

  /// Exact. NaN becomes 0x7fffffff.
  static constexpr float decode(std::uint32_t bits) {
    const std::uint32_t sign = (bits & kSign) != 0 ? 0x80000000u : 0;
    const std::uint32_t magnitude = bits & (kSign - 1);
    if (kIeee && magnitude == kInfinity) return std::bit_cast<float>(sign | 0x7f800000u);
    if (magnitude > kLargest) return std::bit_cast<float>(0x7fffffffu);
    if (magnitude >> kMantissa != 0) {
      return std::bit_cast<float>(sign | ((magnitude << (23 - kMantissa)) +
                                          (static_cast<std::uint32_t>(127 - kBias) << 23)));
    }
    const float step =
        std::bit_cast<float>(static_cast<std::uint32_t>(128 - kBias - kMantissa) << 23);
    return std::bit_cast<float>(sign |
                                std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * step));
  }

 private:
  static constexpr std::uint32_t round(std::uint32_t magnitude) {
    const int exponent = static_cast<int>(magnitude >> 23) - 127 + kBias;
    std::uint32_t kept = magnitude - (static_cast<std::uint32_t>(127 - kBias) << 23);
    int cut = 23 - kMantissa;
    if (exponent < 1) {  // subnormal here
      cut += 1 - exponent;
      if (cut > 25 || magnitude >> 23 == 0) return 0;
      kept = (magnitude & 0x7fffffu) | 0x800000u;
    }
    const std::uint32_t half = 1u << (cut - 1);
    const std::uint32_t rest = kept & (2 * half - 1);
    const std::uint32_t whole = kept >> cut;
    return whole + (rest > half || (rest == half && (whole & 1) != 0) ? 1 : 0);
  }
};

using Half = SmallFloat<5, 10, true>;
using E4M3 = SmallFloat<4, 3, false>;
using E5M2 = SmallFloat<5, 2, true>;

constexpr std::uint16_t bfloat16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}
constexpr float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// A float that rounds to any narrower type as `value` does: rounded towards zero, and odd if that
/// was not exact.
inline float round_to_odd(double value) {
  auto rounded = static_cast<float>(value);
  if (static_cast<double>(rounded) == value || value != value) return rounded;
  auto bits = std::bit_cast<std::uint32_t>(rounded);
  const double magnitude = value < 0 ? -value : value;
  if (static_cast<double>(std::bit_cast<float>(bits & 0x7fffffffu)) > magnitude) --bits;
  return std::bit_cast<float>(bits | 1);
}

/// a * b + c for operands of at most 11 significant bits, to be rounded once more: the product is
/// exact in double, and the sum is rounded to odd.
inline float fused_to_odd(float a, float b, float c) {
  const double product = double{a} * double{b};
  const double sum = product + double{c};
  const double other = sum - product;
  const double lost = (product - (sum - other)) + (double{c} - other);
  auto bits = std::bit_cast<std::uint64_t>(sum);
  if (lost != 0 && lost == lost && (bits & 1) == 0) {
    bits = (lost > 0) == (sum > 0) ? bits + 1 : bits - 1;
  }
  return round_to_odd(std::bit_cast<double>(bits));
}

}  // namespace attest::simt
