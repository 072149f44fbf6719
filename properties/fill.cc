#include "properties/fill.h"

#include <array>
#include <cstring>

#include "problem/errors.h"
#include "properties/junk.h"

namespace attest::properties {
namespace {

using problem::DType;

constexpr std::size_t kJunkValues = 256;

/// Calls visit(a value of the unsigned type of the element's size).
template <typename Visit>
void with_unit(DType type, Visit visit) {
  switch (problem::size_of(type)) {
    case 1:
      return visit(std::uint8_t{});
    case 2:
      return visit(std::uint16_t{});
    case 4:
      return visit(std::uint32_t{});
    case 8:
      return visit(std::uint64_t{});
    default:
      throw ContractError("an element of no known size");
  }
}

/// junk_value() has this many values: their bits, by the byte that chooses.
std::array<std::uint64_t, kJunkValues> junk_bits(DType type) {
  std::array<std::uint64_t, kJunkValues> bits{};
  for (std::size_t byte = 0; byte < kJunkValues; ++byte) {
    bits[byte] = problem::encode(type, junk_of(static_cast<std::uint8_t>(byte)));
  }
  return bits;
}

const std::array<std::uint64_t, kJunkValues>& junk_bits_of(DType type) {
  static const std::array<std::array<std::uint64_t, kJunkValues>, 6> kTables = {
      junk_bits(static_cast<DType>(0)), junk_bits(static_cast<DType>(1)),
      junk_bits(static_cast<DType>(2)), junk_bits(static_cast<DType>(3)),
      junk_bits(static_cast<DType>(4)), junk_bits(static_cast<DType>(5))};
  return kTables[static_cast<std::size_t>(type)];
}

}  // namespace

void fill_bits(DType type, std::byte* to, std::int64_t count, std::uint64_t bits) {
  with_unit(type, [&](auto unit) {
    using Unit = decltype(unit);
    const auto element = static_cast<Unit>(bits);
    for (std::int64_t i = 0; i < count; ++i, to += sizeof(Unit)) {
      std::memcpy(to, &element, sizeof(Unit));
    }
  });
}

void fill_junk_values(DType type, std::byte* to, std::uint64_t seed, std::uint64_t first,
                      std::int64_t count) {
  const auto& table = junk_bits_of(type);
  with_unit(type, [&](auto unit) {
    using Unit = decltype(unit);
    for (std::int64_t i = 0; i < count; ++i, to += sizeof(Unit)) {
      const std::uint64_t index = first + static_cast<std::uint64_t>(i);
      const auto element = static_cast<Unit>(table[junk_byte(seed, index)]);
      std::memcpy(to, &element, sizeof(Unit));
    }
  });
}

}  // namespace attest::properties
