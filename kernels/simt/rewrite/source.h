// Walking over tokens. Internal to rewrite/.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kernels/simt/rewrite/lexer.h"

namespace attest::simt::rewrite {

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// Tokens [begin, end) and what they become.
struct Edit {
  std::size_t begin;
  std::size_t end;
  std::string text;
};

struct Source {
  std::string path;
  std::vector<Token> tokens;

  /// The next or previous significant token, or kNone.
  std::size_t next(std::size_t i) const;
  std::size_t previous(std::size_t i) const;
  bool is(std::size_t i, std::string_view text) const {
    return i != kNone && i < tokens.size() && tokens[i].is(text);
  }
  /// The token that closes the bracket at i; or opens the one that is closed at i. kNone: none.
  std::size_t closing(std::size_t i) const;
  std::size_t opening(std::size_t i) const;
  /// The source of [begin, end) without comments, with its line breaks.
  std::string text(std::size_t begin, std::size_t end) const;
  /// Appends line breaks until `edit` has as many as what it stands for.
  void keep_lines(Edit& edit) const;
  /// Throws RewriteError about token i.
  [[noreturn]] void fail(std::size_t i, const std::string& what) const;
};

/// The __shared__ at token i, with its whole declaration.
Edit shared_declaration(const Source& source, std::size_t i);
/// The `<<<` at token i, with kernel and arguments.
Edit kernel_launch(const Source& source, std::size_t i);

}  // namespace attest::simt::rewrite
