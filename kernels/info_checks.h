// What the checks of a declaration share. Internal to kernels/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "problem/errors.h"

namespace attest::kernels {

struct KernelInfo;

inline constexpr std::size_t kMaxNameLength = 100;
inline constexpr std::size_t kMaxDescriptionLength = 400;

template <typename Value>
[[noreturn]] void wrong(std::string_view field, Value value, std::string_view rule) {
  throw ContractError(fmt::format("{} = {}: {}", field, value, rule));
}

inline void check_choice(std::string_view field, std::int32_t value, std::int32_t last) {
  if (value < 0 || value > last) wrong(field, value, fmt::format("must be 0 to {}", last));
}

/// The numerics of a declaration whose operations and types are in order. Throws ContractError on
/// nonsense, and on arithmetic so loose that it would hide mistakes (numerics_floor.h).
void check_numerics(const KernelInfo& info);

}  // namespace attest::kernels
