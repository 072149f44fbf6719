#include "corpus/json_layout.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "problem/text.h"

namespace attest::corpus {

Layout Layout::raw(std::string token) {
  Layout node(Kind::kToken, false);
  node.token_ = std::move(token);
  return node;
}

Layout Layout::integer(std::int64_t value) { return raw(std::to_string(value)); }

Layout Layout::boolean(bool value) { return raw(value ? "true" : "false"); }

Layout Layout::text(std::string_view value) {
  return raw(
      nlohmann::json(problem::printable(value, std::numeric_limits<std::size_t>::max())).dump());
}

Layout& Layout::add(std::string_view key, Layout value) {
  children_.emplace_back(key, std::move(value));
  return *this;
}

Layout& Layout::add(Layout value) { return add("", std::move(value)); }

std::string Layout::pretty() const {
  std::string out;
  append_to(out, 0, true);
  return out;
}

std::string Layout::one_line() const {
  std::string out;
  append_to(out, 0, false);
  return out;
}

void Layout::append_to(std::string& out, std::size_t indent, bool may_break) const {
  if (kind_ == Kind::kToken) {
    out += token_;
    return;
  }
  const bool breaks = may_break && lines_ && !children_.empty();
  out += kind_ == Kind::kObject ? '{' : '[';
  bool first = true;
  for (const auto& [key, child] : children_) {
    if (!first) out += breaks ? "," : ", ";
    first = false;
    if (breaks) out.append("\n").append(indent + 2, ' ');
    if (kind_ == Kind::kObject) out.append("\"").append(key).append("\": ");
    child.append_to(out, indent + 2, breaks);
  }
  if (breaks) out.append("\n").append(indent, ' ');
  out += kind_ == Kind::kObject ? '}' : ']';
}

}  // namespace attest::corpus
