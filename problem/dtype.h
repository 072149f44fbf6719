// Element types a tensor of an attention call can have, with exact decoding and
// round-to-nearest-even encoding. Bit patterns are right-aligned in 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace attest::problem {

/// The numbering is part of the kernel ABI (kernels/attest_kernel.h) and never changes.
enum class DType : std::uint8_t { kF64 = 0, kF32 = 1, kF16 = 2, kBF16 = 3, kE4M3 = 4, kE5M2 = 5 };

inline constexpr int kNumDTypes = 6;

/// Layout of a binary floating-point format.
/// `has_inf` is false for e4m3 (the "fn" variant): its all-ones pattern is NaN, the rest is finite.
struct FloatFormat {
  int exponent_bits;
  int mantissa_bits;  ///< stored, without the implicit one
  int bias;
  bool has_inf;
};

FloatFormat format_of(DType type);
std::size_t size_of(DType type);       ///< bytes of one element
std::string_view name_of(DType type);  ///< "f64", "f32", "f16", "bf16", "e4m3", "e5m2"
std::optional<DType> parse_dtype(std::string_view name);
std::span<const DType> all_dtypes();

/// The value of a bit pattern. Exact for every type; a NaN keeps its sign and, as far as it fits,
/// its payload.
double decode(DType type, std::uint64_t bits);

/// The bit pattern nearest to `value`, ties to even mantissa.
/// Overflow gives infinity where the type has one, else NaN (e4m3). NaN gives a quiet NaN of the
/// same sign.
std::uint64_t encode(DType type, double value);

/// decode(encode(value)): `value` rounded to the type.
double round_to(DType type, double value);

double largest_finite(DType type);
double smallest_subnormal(DType type);
double smallest_normal(DType type);
double unit_roundoff(
    DType type);  ///< half the distance from 1 to the next number: 2^-(mantissa_bits + 1)

/// Reads or writes one element in memory (little-endian, unaligned allowed).
std::uint64_t load_bits(DType type, const void* element);
void store_bits(DType type, void* element, std::uint64_t bits);

}  // namespace attest::problem
