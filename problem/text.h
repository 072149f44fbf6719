// Text from case files, kernels and file names, made safe to print. Such text is untrusted: it may
// hold terminal escapes, bidirectional overrides or bytes that are no UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace attest::problem {

/// `text` on one line, safe for a terminal: control characters, line breaks, bidirectional marks
/// and zero-width marks become \n, \t, \xHH or \uHHHH, bytes that are no UTF-8 become \xHH.
/// Everything else stays as it is, so nothing is escaped twice. At most `max` bytes, then "...".
std::string printable(std::string_view text, std::size_t max = 200);

/// printable() would change nothing, whatever the length.
bool is_printable(std::string_view text);

}  // namespace attest::problem
