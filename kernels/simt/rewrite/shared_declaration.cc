// __shared__ declarations.
#include <algorithm>
#include <array>

#include "kernels/simt/rewrite/source.h"

namespace attest::simt::rewrite {
namespace {

constexpr const char* kExpected =
    "write __shared__ TYPE NAME[SIZE]...; without an initialiser: shared memory has none";

struct Parts {
  bool external = false;
  std::vector<std::size_t> tokens;  ///< of type and declarators, alignment and storage left out
};

bool specifies_alignment(const Token& t) {
  return t.is("alignas") || t.is("__align__") || t.is("__attribute__");
}

Parts collect(const Source& source, std::size_t begin, std::size_t end) {
  Parts parts;
  for (std::size_t i = begin; i < end; ++i) {
    const Token& t = source.tokens[i];
    if (t.kind == TokenKind::kDirective) source.fail(i, "a preprocessor line inside a declaration");
    if (!t.significant() || t.is("__shared__") || t.is("static")) continue;
    if (t.is("extern")) {
      parts.external = true;
    } else if (specifies_alignment(t)) {
      const std::size_t open = source.next(i);
      const std::size_t close = source.is(open, "(") ? source.closing(open) : kNone;
      if (close == kNone) source.fail(i, "an alignment without its brackets");
      i = close;
    } else {
      parts.tokens.push_back(i);
    }
  }
  return parts;
}

// Follows brackets over the tokens of a declaration; angle brackets count outside of others.
class Depth {
 public:
  bool outermost() const { return brackets_ == 0 && angles_ == 0; }
  void pass(const Token& t) {
    if (t.is("(") || t.is("[") || t.is("{")) ++brackets_;
    if (t.is(")") || t.is("]") || t.is("}")) --brackets_;
    if (brackets_ > 0) return;
    if (t.is("<")) ++angles_;
    if (t.is("<<<")) angles_ += 3;
    if (t.is(">")) --angles_;
    if (t.is(">>>")) angles_ -= 3;
  }

 private:
  int brackets_ = 0;
  int angles_ = 0;
};

std::vector<std::vector<std::size_t>> split_at_commas(const Source& source,
                                                      const std::vector<std::size_t>& tokens) {
  std::vector<std::vector<std::size_t>> parts(1);
  Depth depth;
  for (const std::size_t i : tokens) {
    const Token& t = source.tokens[i];
    if (depth.outermost() && t.is(",")) {
      parts.emplace_back();
      continue;
    }
    depth.pass(t);
    parts.back().push_back(i);
  }
  return parts;
}

std::string join(const Source& source, const std::vector<std::size_t>& tokens, std::size_t begin,
                 std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    if (!text.empty()) text += ' ';
    text += source.tokens[tokens[i]].text;
  }
  return text;
}

struct Declarator {
  std::size_t name;  ///< position within its tokens
  std::string dimensions;
};

// [type...] name [dimension]... ; each dimension in parentheses, so that it can be a template
// argument whatever is in it.
Declarator declarator(const Source& source, const std::vector<std::size_t>& tokens) {
  Depth depth;
  std::size_t at = 0;
  for (; at < tokens.size(); ++at) {
    const Token& t = source.tokens[tokens[at]];
    if (depth.outermost() && (t.is("[") || t.is("=") || t.is("(") || t.is("{"))) break;
    depth.pass(t);
  }
  if (at == 0 || source.tokens[tokens[at - 1]].kind != TokenKind::kIdentifier) {
    source.fail(tokens.empty() ? 0 : tokens.front(), kExpected);
  }
  Declarator result{at - 1, ""};
  while (at < tokens.size()) {
    const std::size_t close = source.is(tokens[at], "[") ? source.closing(tokens[at]) : kNone;
    if (close == kNone) source.fail(tokens[at], kExpected);
    std::size_t end = at;
    while (end < tokens.size() && tokens[end] != close) ++end;
    if (end == tokens.size()) source.fail(tokens[at], kExpected);
    result.dimensions += end == at + 1 ? "[]" : "[(" + join(source, tokens, at + 1, end) + ")]";
    at = end + 1;
  }
  return result;
}

}  // namespace

Edit shared_declaration(const Source& source, std::size_t i) {
  std::size_t begin = i;
  constexpr std::array<std::string_view, 5> kBefore = {"extern", "static", "volatile", "const",
                                                       "inline"};
  for (std::size_t p = source.previous(begin); p != kNone; p = source.previous(begin)) {
    const auto same = [&](std::string_view word) { return source.tokens[p].is(word); };
    if (std::none_of(kBefore.begin(), kBefore.end(), same)) break;
    begin = p;
  }
  std::size_t end = i;
  while (end < source.tokens.size() && !source.tokens[end].is(";")) {
    const Token& t = source.tokens[end];
    const bool opens = t.is("(") || t.is("[") || t.is("{");
    const std::size_t close = opens ? source.closing(end) : end;
    if (close == kNone || t.is("}")) source.fail(i, "a __shared__ declaration without its ;");
    end = close + 1;
  }
  if (end >= source.tokens.size()) source.fail(i, "a __shared__ declaration without its ;");

  const Parts parts = collect(source, begin, end);
  const auto declarators = split_at_commas(source, parts.tokens);
  const Declarator first = declarator(source, declarators[0]);
  const std::string type = join(source, declarators[0], 0, first.name);
  if (type.empty()) source.fail(i, kExpected);
  Edit edit{begin, end + 1, ""};
  for (std::size_t d = 0; d < declarators.size(); ++d) {
    const Declarator one = d == 0 ? first : declarator(source, declarators[d]);
    if (d > 0 && one.name != 0) source.fail(declarators[d].front(), kExpected);
    const std::string& name = source.tokens[declarators[d][one.name]].text;
    if (parts.external) {
      edit.text += "auto* const " + name + " = static_cast<" + type +
                   "*>(::attest::simt::dynamic_shared());";
    } else {
      if (one.dimensions.find("[]") != std::string::npos) {
        source.fail(i, "a __shared__ array without a size is extern");
      }
      edit.text += "auto& " + name + " = ::attest::simt::shared_variable<" + type + ' ' +
                   one.dimensions + ">([] {});";
    }
  }
  source.keep_lines(edit);
  return edit;
}

}  // namespace attest::simt::rewrite
