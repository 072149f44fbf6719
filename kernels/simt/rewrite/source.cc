#include "kernels/simt/rewrite/source.h"

#include <algorithm>

#include "kernels/simt/rewrite/rewrite.h"

namespace attest::simt::rewrite {

std::size_t Source::next(std::size_t i) const {
  for (++i; i < tokens.size(); ++i) {
    if (tokens[i].significant()) return i;
  }
  return kNone;
}

std::size_t Source::previous(std::size_t i) const {
  while (i > 0) {
    if (tokens[--i].significant()) return i;
  }
  return kNone;
}

std::size_t Source::closing(std::size_t i) const {
  int depth = 0;
  for (; i < tokens.size(); ++i) {
    const Token& t = tokens[i];
    if (t.is("(") || t.is("[") || t.is("{")) ++depth;
    if ((t.is(")") || t.is("]") || t.is("}")) && --depth == 0) return i;
  }
  return kNone;
}

std::size_t Source::opening(std::size_t i) const {
  const bool angle = tokens[i].is(">");
  int depth = 0;
  for (std::size_t at = i + 1; at-- > 0;) {
    const Token& t = tokens[at];
    const bool closes = angle ? t.is(">") : t.is(")") || t.is("]") || t.is("}");
    const bool opens = angle ? t.is("<") : t.is("(") || t.is("[") || t.is("{");
    if (closes) ++depth;
    if (opens && --depth == 0) return at;
    if (angle && (t.is(";") || t.is("{") || t.is("}"))) return kNone;
  }
  return kNone;
}

std::string Source::text(std::size_t begin, std::size_t end) const {
  std::string joined;
  for (std::size_t i = begin; i < end; ++i) {
    if (tokens[i].kind == TokenKind::kDirective)
      fail(i, "a preprocessor line inside this is too much");
    if (tokens[i].kind == TokenKind::kComment) {
      joined += ' ';
      joined.append(
          static_cast<std::size_t>(std::count(tokens[i].text.begin(), tokens[i].text.end(), '\n')),
          '\n');
    } else {
      joined += tokens[i].text;
    }
  }
  return joined;
}

void Source::keep_lines(Edit& edit) const {
  std::ptrdiff_t wanted = 0;
  for (std::size_t i = edit.begin; i < edit.end; ++i) {
    wanted += std::count(tokens[i].text.begin(), tokens[i].text.end(), '\n');
  }
  wanted -= std::count(edit.text.begin(), edit.text.end(), '\n');
  if (wanted > 0) edit.text.append(static_cast<std::size_t>(wanted), '\n');
}

void Source::fail(std::size_t i, const std::string& what) const {
  const int line = i < tokens.size() ? tokens[i].line : 0;
  throw RewriteError(path + ':' + std::to_string(line) + ": " + what);
}

}  // namespace attest::simt::rewrite
