// Numbers of a case file: exact as a bit pattern ("f32:3dcccccd"), readable as a decimal (0.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "problem/dtype.h"

namespace attest::corpus {

/// "<type>:<hex>", all digits of the type, lower case.
std::string bits_text(problem::DType type, std::uint64_t bits);

/// The bits that bits_text() wrote (either case), or nothing when it is no such text of `type`.
std::optional<std::uint64_t> parse_bits(problem::DType type, std::string_view text);

/// As JSON, a decimal of few digits that rounds to these bits; "nan", "inf" and "-inf" in quotes.
std::string decimal_text(problem::DType type, std::uint64_t bits);

/// `value` rounded to the type has these bits; any NaN agrees with any NaN.
bool agrees(problem::DType type, std::uint64_t bits, double value);

}  // namespace attest::corpus
