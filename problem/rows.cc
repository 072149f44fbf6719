#include "problem/rows.h"

#include <array>
#include <cstring>

#include "problem/double_format.h"

namespace attest::problem {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

/// A type narrower than f32: stored bits as `Unit`.
template <DType kStored, typename Bits, int kExponentBits, int kMantissaBits>
struct Narrow {
  static constexpr DType kType = kStored;
  using Unit = Bits;
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr int kShift = kDoubleMantissaBits - kMantissaBits;
  static constexpr std::uint64_t kSmallestNormal =
      std::bit_cast<std::uint64_t>(power_of_two(1 - kBias));
  static constexpr unsigned kSignBit = 1U << (kExponentBits + kMantissaBits);

  static Unit encode(double value, std::uint64_t largest) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t size = bits & ~kSign;
    if (size > largest) return static_cast<Unit>(problem::encode(kType, value));
    const std::uint64_t exponent =
        size < kSmallestNormal ? kSmallestNormal : size & kDoubleExponent;
    // Added to 2^52 units in the last place of the result, the number is rounded to a count of
    // these; its leading one counts one in the exponent field, and so does a carry.
    const std::uint64_t magic = exponent + (std::uint64_t{kShift} << kDoubleMantissaBits);
    const double sum = std::bit_cast<double>(size) + std::bit_cast<double>(magic);
    const std::uint64_t units = std::bit_cast<std::uint64_t>(sum) - magic;
    const std::uint64_t sign = bits >> 63 << (kExponentBits + kMantissaBits);
    return static_cast<Unit>(sign | (((exponent - kSmallestNormal) >> kShift) + units));
  }

  static double decode(Unit element) {
    const std::uint64_t size = element & (kSignBit - 1);
    const std::uint64_t sign = std::uint64_t{element & kSignBit}
                               << (63 - kExponentBits - kMantissaBits);
    constexpr auto kRebias = static_cast<std::uint64_t>(kDoubleBias - kBias) << kDoubleMantissaBits;
    std::uint64_t bits = (size << kShift) + kRebias;
    if (size >= kSignBit - (std::uint64_t{1} << kMantissaBits)) {
      bits |= kDoubleExponent;  // infinity and NaN
    } else if (size < std::uint64_t{1} << kMantissaBits) {
      bits = std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<std::int64_t>(size)) *
                                          power_of_two(1 - kBias - kMantissaBits));
    }
    return std::bit_cast<double>(sign | bits);
  }
};

using F16 = Narrow<DType::kF16, std::uint16_t, 5, 10>;
using BF16 = Narrow<DType::kBF16, std::uint16_t, 8, 7>;
using E4M3 = Narrow<DType::kE4M3, std::uint8_t, 4, 3>;
using E5M2 = Narrow<DType::kE5M2, std::uint8_t, 5, 2>;

template <typename Format>
void encode_narrow(std::span<const double> values, std::byte* to) {
  const auto largest = std::bit_cast<std::uint64_t>(largest_finite(Format::kType));
  for (const double value : values) {
    const typename Format::Unit element = Format::encode(value, largest);
    std::memcpy(to, &element, sizeof element);
    to += sizeof element;
  }
}

template <typename Format>
void decode_16_bits(const std::byte* from, std::span<double> values) {
  for (double& value : values) {
    std::uint16_t element;
    std::memcpy(&element, from, sizeof element);
    from += sizeof element;
    value = Format::decode(element);
  }
}

template <typename Float>
void widen(const std::byte* from, std::span<double> values) {
  for (double& value : values) {
    Float element;
    std::memcpy(&element, from, sizeof element);
    from += sizeof element;
    value = element;
  }
}

void decode_8_bits(DType type, const std::byte* from, std::span<double> values) {
  std::array<double, 256> table;
  for (std::size_t bits = 0; bits < table.size(); ++bits) table[bits] = decode(type, bits);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = table[std::to_integer<int>(from[i])];
}

}  // namespace

void encode_row(DType type, std::span<const double> values, std::byte* to) {
  switch (type) {
    case DType::kF64:
      if (!values.empty()) std::memcpy(to, values.data(), values.size_bytes());
      return;
    case DType::kF32:
      for (const double value : values) {
        const auto element = static_cast<float>(value);
        std::memcpy(to, &element, sizeof element);
        to += sizeof element;
      }
      return;
    case DType::kF16:
      return encode_narrow<F16>(values, to);
    case DType::kBF16:
      return encode_narrow<BF16>(values, to);
    case DType::kE4M3:
      return encode_narrow<E4M3>(values, to);
    case DType::kE5M2:
      return encode_narrow<E5M2>(values, to);
  }
}

void decode_row(DType type, const std::byte* from, std::span<double> values) {
  switch (type) {
    case DType::kF64:
      return widen<double>(from, values);
    case DType::kF32:
      return widen<float>(from, values);
    case DType::kF16:
      return decode_16_bits<F16>(from, values);
    case DType::kBF16:
      return decode_16_bits<BF16>(from, values);
    case DType::kE4M3:
    case DType::kE5M2:
      return decode_8_bits(type, from, values);
  }
}

Rounder::Rounder(DType type)
    : type_(type),
      largest_(std::bit_cast<std::uint64_t>(largest_finite(type))),
      smallest_(std::bit_cast<std::uint64_t>(smallest_normal(type))),
      shift_(static_cast<std::uint64_t>(kDoubleMantissaBits - format_of(type).mantissa_bits)
             << kDoubleMantissaBits) {
  // Nothing to be rounded, and no room for a magic number.
  if (type == DType::kF64) largest_ = 0;
}

}  // namespace attest::problem
