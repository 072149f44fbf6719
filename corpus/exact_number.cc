#include "corpus/exact_number.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace attest::corpus {

using problem::DType;

std::string bits_text(DType type, std::uint64_t bits) {
  return fmt::format("{}:{:0{}x}", problem::name_of(type), bits, 2 * problem::size_of(type));
}

std::optional<std::uint64_t> parse_bits(DType type, std::string_view text) {
  const std::string_view name = problem::name_of(type);
  const std::size_t digits = 2 * problem::size_of(type);
  if (text.size() != name.size() + 1 + digits) return std::nullopt;
  if (!text.starts_with(name) || text[name.size()] != ':') return std::nullopt;
  std::uint64_t bits = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(end - digits, end, bits, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return bits;
}

std::string decimal_text(DType type, std::uint64_t bits) {
  const double value = problem::decode(type, bits);
  if (std::isnan(value)) return "\"nan\"";
  if (std::isinf(value)) return value > 0 ? "\"inf\"" : "\"-inf\"";
  // JSON readers take "-0" for the integer 0.
  if (value == 0.0) return std::signbit(value) ? "-0.0" : "0";
  // 50 rather than 5e+01.
  if (value == std::trunc(value) && std::fabs(value) < 1e6) return fmt::format("{:.0f}", value);
  for (int digits = 1; digits < 17; ++digits) {
    std::string text = fmt::format("{:.{}g}", value, digits);
    double back = 0.0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    if (agrees(type, bits, back)) return text;
  }
  return fmt::format("{:.17g}", value);
}

bool agrees(DType type, std::uint64_t bits, double value) {
  const bool is_nan = std::isnan(problem::decode(type, bits));
  if (is_nan || std::isnan(value)) return is_nan && std::isnan(value);
  return problem::encode(type, value) == bits;
}

}  // namespace attest::corpus
