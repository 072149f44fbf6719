#include "campaign/arguments.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "campaign/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view expected, std::string_view got) {
  throw UsageError(
      fmt::format("{}: expected {}, got '{}'", option, expected, problem::printable(got)));
}

/// from_chars takes no sign for unsigned types and no blanks, which is what is wanted here.
std::optional<std::uint64_t> whole_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::chrono::milliseconds parse_duration(std::string_view text, std::string_view option) {
  constexpr std::string_view kExpected = "a time above 0 and up to 7 days, such as 90s, 5m or 1h";
  constexpr std::uint64_t kWeek = 7ull * 24 * 3600 * 1000;
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

  std::string_view digits = text;
  std::uint64_t unit = 1000;
  for (const auto& [name, milliseconds] : kUnits) {
    if (text.ends_with(name)) {
      digits = text.substr(0, text.size() - name.size());
      unit = milliseconds;
      break;
    }
  }
  const auto count = whole_number(digits, 10);
  if (!count || *count == 0 || *count > kWeek / unit) refuse(option, kExpected, text);
  return std::chrono::milliseconds(*count * unit);
}

std::int64_t parse_count(std::string_view text, std::string_view option, std::int64_t min,
                         std::int64_t max) {
  const auto value = whole_number(text, 10);
  if (!value || *value > static_cast<std::uint64_t>(max) ||
      static_cast<std::int64_t>(*value) < min) {
    refuse(option, fmt::format("a whole number from {} to {}", min, max), text);
  }
  return static_cast<std::int64_t>(*value);
}

std::uint64_t parse_seed(std::string_view text, std::string_view option) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const auto value = hex ? whole_number(text.substr(2), 16) : whole_number(text, 10);
  if (!value) refuse(option, "a 64-bit number, decimal or 0x and hex digits", text);
  return *value;
}

}  // namespace attest::campaign
