// Numbers on a command line, read strictly: the whole text must be one number in range.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace attest::campaign {

/// "90s", "5m", "1h", "250ms"; a number without unit is seconds. At most 7 days.
/// Throws: UsageError naming `option`.
std::chrono::milliseconds parse_duration(std::string_view text, std::string_view option);

/// A decimal integer in [min, max]. No sign, blank, fraction or exponent.
/// Throws: UsageError naming `option`.
std::int64_t parse_count(std::string_view text, std::string_view option, std::int64_t min,
                         std::int64_t max);

/// Decimal, or hexadecimal after 0x; any 64-bit number.
/// Throws: UsageError naming `option`.
std::uint64_t parse_seed(std::string_view text, std::string_view option);

}  // namespace attest::campaign
