// CUDA source as tokens, just well enough to find declarations and launches in it. The texts of all
// tokens in order are the source again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attest::simt::rewrite {

enum class TokenKind : std::uint8_t {
  kSpace,
  kComment,
  kDirective,   ///< a whole preprocessor line, with its continuations
  kString,      ///< string and character literals
  kIdentifier,  ///< keywords included
  kNumber,
  kPunctuation,  ///< `<<<`, `>>>`, `::`, `->` or one character
};

struct Token {
  TokenKind kind;
  std::string text;
  int line;  ///< of its first character, from 1
  bool significant() const { return kind > TokenKind::kDirective; }
  bool is(std::string_view other) const { return text == other && kind != TokenKind::kString; }
};

/// Never fails: what is unknown becomes punctuation, what is unterminated ends with the source.
std::vector<Token> tokenise(std::string_view source);

}  // namespace attest::simt::rewrite
