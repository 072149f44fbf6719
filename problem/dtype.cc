#include "problem/dtype.h"

#include <array>
#include <bit>
#include <cstring>

#include "problem/double_format.h"
#include "problem/name_table.h"
#include "problem/special_values.h"

namespace attest::problem {
namespace {

constexpr std::array<std::string_view, kNumDTypes> kNames = {"f64",  "f32",  "f16",
                                                             "bf16", "e4m3", "e5m2"};
constexpr std::array<DType, kNumDTypes> kAll = {DType::kF64,  DType::kF32,  DType::kF16,
                                                DType::kBF16, DType::kE4M3, DType::kE5M2};
constexpr std::array<FloatFormat, kNumDTypes> kFormats = {{
    {.exponent_bits = 11, .mantissa_bits = 52, .bias = 1023, .has_inf = true},
    {.exponent_bits = 8, .mantissa_bits = 23, .bias = 127, .has_inf = true},
    {.exponent_bits = 5, .mantissa_bits = 10, .bias = 15, .has_inf = true},
    {.exponent_bits = 8, .mantissa_bits = 7, .bias = 127, .has_inf = true},
    {.exponent_bits = 4, .mantissa_bits = 3, .bias = 7, .has_inf = false},
    {.exponent_bits = 5, .mantissa_bits = 2, .bias = 15, .has_inf = true},
}};

constexpr std::uint64_t bit(int i) { return std::uint64_t{1} << i; }

const FloatFormat& format(DType type) { return kFormats[static_cast<std::size_t>(type)]; }

constexpr std::uint64_t sign_bit(const FloatFormat& f) {
  return bit(f.exponent_bits + f.mantissa_bits);
}

/// The largest magnitude that is a number; the next pattern is infinity, or NaN without infinities.
constexpr std::uint64_t largest_finite_bits(const FloatFormat& f) {
  const std::uint64_t all_ones = sign_bit(f) - 1;
  return f.has_inf ? all_ones - bit(f.mantissa_bits) : all_ones - 1;
}

double decode_generic(const FloatFormat& f, std::uint64_t bits) {
  const std::uint64_t sign = (bits & sign_bit(f)) != 0 ? bit(63) : 0;
  const std::uint64_t magnitude = bits & (sign_bit(f) - 1);
  const std::uint64_t mantissa = magnitude & (bit(f.mantissa_bits) - 1);
  const int exponent = static_cast<int>(magnitude >> f.mantissa_bits);
  if (magnitude > largest_finite_bits(f)) {
    // Infinity has a zero mantissa in both formats. NaNs are built from bits: a conversion would
    // turn a signalling one into a quiet one.
    return std::bit_cast<double>(sign | kDoubleExponent |
                                 mantissa << (kDoubleMantissaBits - f.mantissa_bits));
  }
  if (exponent == 0) {
    const double value = static_cast<double>(mantissa) * power_of_two(1 - f.bias - f.mantissa_bits);
    return std::bit_cast<double>(sign | std::bit_cast<std::uint64_t>(value));
  }
  return std::bit_cast<double>(
      sign | static_cast<std::uint64_t>(exponent - f.bias + kDoubleBias) << kDoubleMantissaBits |
      mantissa << (kDoubleMantissaBits - f.mantissa_bits));
}

std::uint64_t encode_nan(const FloatFormat& f, std::uint64_t double_bits) {
  const std::uint64_t sign = (double_bits & bit(63)) != 0 ? sign_bit(f) : 0;
  if (!f.has_inf) return sign | (sign_bit(f) - 1);
  const std::uint64_t exponent = (bit(f.exponent_bits) - 1) << f.mantissa_bits;
  const std::uint64_t payload =
      (double_bits & (bit(kDoubleMantissaBits) - 1)) >> (kDoubleMantissaBits - f.mantissa_bits);
  return sign | exponent | bit(f.mantissa_bits - 1) | payload;
}

/// For types narrower than f64: rounds once, from the bits of the double.
std::uint64_t encode_narrow(const FloatFormat& f, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t sign = (bits & bit(63)) != 0 ? sign_bit(f) : 0;
  const std::uint64_t overflow = sign | (largest_finite_bits(f) + 1);
  if ((bits & kDoubleExponent) == kDoubleExponent) {
    const bool infinite = (bits & (bit(kDoubleMantissaBits) - 1)) == 0;
    return infinite ? overflow : encode_nan(f, bits);
  }
  const int double_exponent = static_cast<int>((bits & kDoubleExponent) >> kDoubleMantissaBits);
  // Zero, or a subnormal double: far below half of the smallest number of any narrower type.
  if (double_exponent == 0) return sign;

  const std::uint64_t significand =
      (bits & (bit(kDoubleMantissaBits) - 1)) | bit(kDoubleMantissaBits);
  const int exponent = double_exponent - kDoubleBias + f.bias;  // field of the result if >= 1
  if (exponent >= 1 << f.exponent_bits) return overflow;
  const int lost = kDoubleMantissaBits - f.mantissa_bits + (exponent < 1 ? 1 - exponent : 0);
  if (lost > kDoubleMantissaBits + 1) return sign;  // less than half of the smallest subnormal

  const std::uint64_t kept = significand >> lost;
  const std::uint64_t rest = significand & (bit(lost) - 1);
  const std::uint64_t half = bit(lost - 1);
  const bool up = rest > half || (rest == half && (kept & 1) != 0);
  // `kept` carries the implicit one of normal results, so it counts one in the exponent field; and
  // a carry out of the mantissa is the next exponent.
  const std::uint64_t field = exponent < 1 ? 0 : static_cast<std::uint64_t>(exponent - 1);
  const std::uint64_t magnitude = (field << f.mantissa_bits) + kept + (up ? 1 : 0);
  return magnitude > largest_finite_bits(f) ? overflow : sign | magnitude;
}

}  // namespace

FloatFormat format_of(DType type) { return format(type); }

std::size_t size_of(DType type) {
  switch (type) {
    case DType::kF64:
      return 8;
    case DType::kF32:
      return 4;
    case DType::kF16:
    case DType::kBF16:
      return 2;
    case DType::kE4M3:
    case DType::kE5M2:
      return 1;
  }
  return 0;
}

std::string_view name_of(DType type) { return name_in(kNames, type); }
std::optional<DType> parse_dtype(std::string_view name) { return parse_in<DType>(kNames, name); }
std::span<const DType> all_dtypes() { return kAll; }

double decode(DType type, std::uint64_t bits) {
  if (type == DType::kF64) return std::bit_cast<double>(bits);
  if (type == DType::kF32) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (value == value) return value;
  }
  return decode_generic(format(type), bits);
}

std::uint64_t encode(DType type, double value) {
  if (!(value == value)) return encode_nan(format(type), std::bit_cast<std::uint64_t>(value));
  if (type == DType::kF64) return std::bit_cast<std::uint64_t>(value);
  if (type == DType::kF32) return std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return encode_narrow(format(type), value);
}

double round_to(DType type, double value) {
  if (value == value) {
    if (type == DType::kF64) return value;
    if (type == DType::kF32) return static_cast<float>(value);
  }
  return decode(type, encode(type, value));
}

double largest_finite(DType type) { return decode(type, largest_finite_bits(format(type))); }

double smallest_subnormal(DType type) {
  return type == DType::kF64 ? kSmallestDouble : decode(type, 1);
}

double smallest_normal(DType type) { return decode(type, bit(format(type).mantissa_bits)); }

double unit_roundoff(DType type) { return power_of_two(-(format(type).mantissa_bits + 1)); }

std::uint64_t load_bits(DType type, const void* element) {
  static_assert(std::endian::native == std::endian::little);
  switch (size_of(type)) {
    case 4: {
      std::uint32_t bits;
      std::memcpy(&bits, element, sizeof bits);
      return bits;
    }
    case 8: {
      std::uint64_t bits;
      std::memcpy(&bits, element, sizeof bits);
      return bits;
    }
    case 2: {
      std::uint16_t bits;
      std::memcpy(&bits, element, sizeof bits);
      return bits;
    }
    default:
      return *static_cast<const std::uint8_t*>(element);
  }
}

void store_bits(DType type, void* element, std::uint64_t bits) {
  std::memcpy(element, &bits, size_of(type));
}

}  // namespace attest::problem
