#include "problem/text.h"

#include <cstdint>
#include <limits>

namespace attest::problem {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  ///< 0: no UTF-8 here
};

std::uint32_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

/// The character that starts at `i`. Overlong forms, surrogates and codes past U+10FFFF are no
/// UTF-8.
Character decode_utf8(std::string_view text, std::size_t i) {
  const std::uint32_t lead = byte_at(text, i);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || i + bytes > text.size()) return {};
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (std::size_t k = 1; k < bytes; ++k) {
    const std::uint32_t next = byte_at(text, i + k);
    if ((next & 0xC0U) != 0x80U) return {};
    code = code << 6 | (next & 0x3FU);
  }
  const std::uint32_t smallest = bytes == 4 ? 0x10000U : bytes == 3 ? 0x800U : 0x80U;
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest || code > 0x10FFFF || surrogate) return {};
  return {code, bytes};
}

bool is_harmful(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F)  // C0, DEL, C1
         || code == 0x061C || code == 0xFEFF            // Arabic letter mark, byte order mark
         || (code >= 0x200B && code <= 0x200F)          // zero width, direction marks
         || (code >= 0x2028 && code <= 0x202E)          // line separators, direction overrides
         || (code >= 0x2060 && code <= 0x2069);         // word joiner, direction isolates
}

std::string hex(char kind, std::uint32_t code, int digits) {
  std::string text{'\\', kind};
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    text += "0123456789abcdef"[code >> shift & 0xFU];
  }
  return text;
}

std::string escaped(std::uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x80 ? hex('x', code, 2) : hex('u', code, 4);
  }
}

}  // namespace

std::string printable(std::string_view text, std::size_t max) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Character c = decode_utf8(text, i);
    std::string piece;
    if (c.bytes == 0) {
      piece = hex('x', byte_at(text, i), 2);
    } else if (is_harmful(c.code)) {
      piece = escaped(c.code);
    } else {
      piece = text.substr(i, c.bytes);
    }
    if (piece.size() > max - out.size()) return out + "...";
    out += piece;
    i += c.bytes == 0 ? 1 : c.bytes;
  }
  return out;
}

bool is_printable(std::string_view text) {
  return printable(text, std::numeric_limits<std::size_t>::max()) == text;
}

}  // namespace attest::problem
