// f16, bf16, e4m3 and e5m2 as the kernels store them: one element of memory each. Reading gives the
// exact f32; writing rounds to nearest, ties to even. What does not fit becomes infinity, and in
// e4m3, which has none, the largest number (448): as quantising kernels do (PTX cvt.satfinite).
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/attest_kernel.h"

namespace attest::kernels::cpu {

/// A binary float of 8 or 16 bits. `kInfinity`: whether all ones in the exponent is infinity or
/// NaN; without it only the pattern of all ones is NaN.
template <typename BitsType, int kExponentBits, int kMantissaBits, bool kInfinity,
          std::int32_t kAbiDtype>
struct SmallFloat {
  using Bits = BitsType;
  static constexpr std::int32_t kDtype = kAbiDtype;

  Bits bits;

  constexpr explicit operator float() const {
    const std::uint32_t magnitude = bits & kMagnitude;
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & kSign) << (32 - kWidth);
    const std::uint32_t shifted = magnitude << (kF32Mantissa - kMantissaBits);
    if (magnitude > kLargest) {  // infinity or NaN; its mantissa stays
      return std::bit_cast<float>(sign | kF32Infinity | shifted);
    }
    if (magnitude < kSmallestNormal) {
      const float value = static_cast<float>(magnitude) * kSmallestStep;
      return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
    }
    return std::bit_cast<float>(sign | (shifted + kBiasGap));
  }

  static constexpr SmallFloat from(float value) {
    const auto f32 = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<Bits>(f32 >> (32 - kWidth) & kSign);
    const std::uint32_t absolute = f32 & 0x7fffffffu;
    if (absolute > kF32Infinity) return {static_cast<Bits>(sign | kNaN)};
    if (absolute == kF32Infinity) return {static_cast<Bits>(sign | kTooLarge)};
    const std::uint32_t rounded = round_magnitude(absolute);
    return {static_cast<Bits>(sign | (rounded > kLargest ? kTooLarge : rounded))};
  }

 private:
  static constexpr int kWidth = 1 + kExponentBits + kMantissaBits;
  static constexpr int kF32Mantissa = 23;
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr std::uint32_t kF32Infinity = 0x7f800000u;
  static constexpr std::uint32_t kSign = 1u << (kWidth - 1);
  static constexpr std::uint32_t kMagnitude = kSign - 1;
  static constexpr std::uint32_t kSmallestNormal = 1u << kMantissaBits;
  static constexpr std::uint32_t kLargest =
      kInfinity ? kMagnitude - kSmallestNormal : kMagnitude - 1;
  static constexpr std::uint32_t kTooLarge = kInfinity ? kLargest + 1 : kLargest;
  static constexpr std::uint32_t kNaN = kInfinity ? kLargest + 1 + kSmallestNormal / 2 : kMagnitude;
  static constexpr std::uint32_t kBiasGap = static_cast<std::uint32_t>(127 - kBias) << kF32Mantissa;
  /// Distance of two subnormals: 2^(1 - bias - mantissa bits), an f32 of its own for all types
  /// here.
  static constexpr float kSmallestStep =
      kExponentBits < 8
          ? std::bit_cast<float>(static_cast<std::uint32_t>(128 - kBias - kMantissaBits)
                                 << kF32Mantissa)
          : std::bit_cast<float>(1u << (kF32Mantissa - kMantissaBits));

  /// Rounds the bits of a finite f32 magnitude; a carry out of the mantissa is the next exponent.
  static constexpr std::uint32_t round_magnitude(std::uint32_t absolute) {
    constexpr int kCut = kF32Mantissa - kMantissaBits;
    int cut = kCut;
    std::uint32_t kept = absolute;
    std::uint32_t below = 0;  // what `kept` has too much once it is cut
    if constexpr (kExponentBits < 8) {
      const int exponent = static_cast<int>(absolute >> kF32Mantissa) - 127 + kBias;
      if (exponent >= 1) {
        below = kBiasGap >> kCut;
      } else {
        cut = kCut + 1 - exponent;
        if (cut > kF32Mantissa + 2) return 0;  // less than half of the smallest subnormal
        kept = (absolute & 0x7fffffu) | 0x800000u;
      }
    }
    const std::uint32_t half = 1u << (cut - 1);
    const std::uint32_t rest = kept & (2 * half - 1);
    const std::uint32_t whole = kept >> cut;
    return whole - below + (rest > half || (rest == half && (whole & 1) != 0) ? 1 : 0);
  }
};

using F16 = SmallFloat<std::uint16_t, 5, 10, true, ATTEST_F16>;
using BF16 = SmallFloat<std::uint16_t, 8, 7, true, ATTEST_BF16>;
using E4M3 = SmallFloat<std::uint8_t, 4, 3, false, ATTEST_E4M3>;
using E5M2 = SmallFloat<std::uint8_t, 5, 2, true, ATTEST_E5M2>;
static_assert(sizeof(F16) == 2 && sizeof(BF16) == 2 && sizeof(E4M3) == 1 && sizeof(E5M2) == 1);

/// Whether an element is one of these types.
template <typename S>
inline constexpr bool kIsSmall = !std::is_floating_point_v<S>;

/// The value of an element; exact when `C` is f32 or f64 and no narrower than the element.
template <typename C, typename S>
constexpr C widened(S element) {
  if constexpr (kIsSmall<S>) {
    return static_cast<C>(static_cast<float>(element));
  } else {
    return static_cast<C>(element);
  }
}

/// The element nearest to `value`.
template <typename S, typename C>
constexpr S rounded(C value) {
  if constexpr (kIsSmall<S>) {
    static_assert(std::is_same_v<C, float>, "rounding twice is not rounding once");
    return S::from(value);
  } else {
    return static_cast<S>(value);
  }
}

template <typename S>
constexpr std::int32_t abi_dtype() {
  if constexpr (kIsSmall<S>) {
    return S::kDtype;
  } else {
    return std::is_same_v<S, float> ? ATTEST_F32 : ATTEST_F64;
  }
}

}  // namespace attest::kernels::cpu
