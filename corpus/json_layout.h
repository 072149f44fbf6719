// JSON to be read by people: a tree in which every object and list says whether it stands on one
// line or has a line per element. Key order is the order of insertion. One tree, one text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attest::corpus {

class Layout {
 public:
  /// A token that is JSON already: a number, true, a quoted string.
  static Layout raw(std::string token);
  static Layout integer(std::int64_t value);
  static Layout boolean(bool value);
  /// Quoted; what is unsafe to print is replaced (problem/text.h).
  static Layout text(std::string_view value);

  static Layout inline_object() { return Layout(Kind::kObject, false); }
  static Layout inline_list() { return Layout(Kind::kList, false); }
  static Layout object() { return Layout(Kind::kObject, true); }
  static Layout list() { return Layout(Kind::kList, true); }

  Layout& add(std::string_view key, Layout value);
  Layout& add(Layout value);

  /// The laid out text, without a final line break.
  std::string pretty() const;
  /// Everything on one line.
  std::string one_line() const;

 private:
  enum class Kind { kToken, kObject, kList };
  Layout(Kind kind, bool lines) : kind_(kind), lines_(lines) {}
  void append_to(std::string& out, std::size_t indent, bool may_break) const;

  Kind kind_;
  bool lines_;
  std::string token_;
  std::vector<std::pair<std::string, Layout>> children_;  ///< keys are empty in a list
};

}  // namespace attest::corpus
