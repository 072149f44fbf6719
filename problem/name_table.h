// Names of enumerators: one array per enum, in the order of its values. Internal to problem/.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace attest::problem {

/// The name of `value`, or "?" for a number that names no enumerator.
template <typename Enum, std::size_t n>
std::string_view name_in(const std::array<std::string_view, n>& names, Enum value) {
  const auto i = static_cast<std::size_t>(value);
  return i < n ? names[i] : std::string_view("?");
}

template <typename Enum, std::size_t n>
std::optional<Enum> parse_in(const std::array<std::string_view, n>& names, std::string_view name) {
  for (std::size_t i = 0; i < n; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace attest::problem
