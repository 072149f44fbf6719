// Text that came from a kernel or a user, made fit for one line of a terminal or a report.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace attest::kernels {

/// Printable ASCII: every other byte becomes \xNN. At most `limit` characters, the cut shown by
/// "...".
std::string printable(std::string_view text, std::size_t limit = 400);

/// printable() of a fixed-size field that need not be zero-terminated.
std::string printable_field(const char* field, std::size_t capacity);

/// Up to three of `names` that resemble `word`, nearest first, as " (did you mean a, b?)"; else "".
std::string did_you_mean(std::string_view word, std::span<const std::string> names);

}  // namespace attest::kernels
