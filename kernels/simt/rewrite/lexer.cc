#include "kernels/simt/rewrite/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace attest::simt::rewrite {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool begins_word(char c) { return c == '_' || std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool in_word(char c) { return begins_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const std::size_t begin = at_;
      const TokenKind kind = next();
      Token token{kind, std::string(source_.substr(begin, at_ - begin)), line_};
      const auto breaks = std::count(token.text.begin(), token.text.end(), '\n');
      line_ += static_cast<int>(breaks);
      if (kind == TokenKind::kSpace) {
        fresh_line_ = fresh_line_ || breaks > 0;
      } else if (kind != TokenKind::kComment) {
        fresh_line_ = false;
      }
      tokens_.push_back(std::move(token));
    }
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool begins(std::string_view text) const { return source_.substr(at_, text.size()) == text; }
  void skip_to(std::string_view end) {
    const std::size_t found = source_.find(end, at_);
    at_ = found == std::string_view::npos ? source_.size() : found + end.size();
  }

  TokenKind next() {
    if (is_space(peek())) {
      while (is_space(peek())) ++at_;
      return TokenKind::kSpace;
    }
    if (begins("//")) {
      while (at_ < source_.size() && peek() != '\n') ++at_;
      return TokenKind::kComment;
    }
    if (begins("/*")) {
      at_ += 2;
      skip_to("*/");
      return TokenKind::kComment;
    }
    if (peek() == '#' && fresh_line_) return directive();
    if (peek() == '"' || peek() == '\'') return literal();
    if (begins_word(peek())) return word();
    const bool number = std::isdigit(static_cast<unsigned char>(peek())) != 0 ||
                        (peek() == '.' && std::isdigit(static_cast<unsigned char>(peek(1))) != 0);
    if (number) return numeral();
    for (const std::string_view sign : {"<<<", ">>>", "::", "->"}) {
      if (begins(sign)) {
        at_ += sign.size();
        return TokenKind::kPunctuation;
      }
    }
    ++at_;
    return TokenKind::kPunctuation;
  }

  // Up to the line's end, but not into a comment that goes on below.
  TokenKind directive() {
    while (at_ < source_.size() && peek() != '\n') {
      if (begins("/*")) {
        skip_to("*/");
      } else {
        at_ += peek() == '\\' ? 2 : 1;
      }
    }
    at_ = std::min(at_, source_.size());
    return TokenKind::kDirective;
  }

  TokenKind literal() {
    const char quote = peek();
    ++at_;
    while (at_ < source_.size() && peek() != quote && peek() != '\n') at_ += peek() == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, source_.size());
    return TokenKind::kString;
  }

  TokenKind word() {
    const std::size_t begin = at_;
    while (in_word(peek())) ++at_;
    const std::string_view text = source_.substr(begin, at_ - begin);
    const std::array<std::string_view, 5> raw = {"R", "LR", "uR", "UR", "u8R"};
    if (peek() != '"' || std::find(raw.begin(), raw.end(), text) == raw.end()) {
      return TokenKind::kIdentifier;
    }
    const std::size_t open = source_.find('(', at_);
    if (open == std::string_view::npos) return TokenKind::kIdentifier;
    const std::string end = ')' + std::string(source_.substr(at_ + 1, open - at_ - 1)) + '"';
    at_ = open;
    skip_to(end);
    return TokenKind::kString;
  }

  TokenKind numeral() {
    while (in_word(peek()) || peek() == '.' || peek() == '\'' ||
           ((peek() == '+' || peek() == '-') &&
            std::string_view("eEpP").find(source_[at_ - 1]) != std::string_view::npos)) {
      ++at_;
    }
    return TokenKind::kNumber;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool fresh_line_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenise(std::string_view source) { return Lexer(source).run(); }

}  // namespace attest::simt::rewrite
