// Text to document: nlohmann's event parser, which needs no stack per level, and a builder that
// stops it at the first thing that breaks a cap.
#include <algorithm>
#include <utility>
#include <vector>

#include "corpus/json_field.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::corpus {
namespace {

using nlohmann::json;

/// Receives the events of nlohmann::json::sax_parse; false stops the parser, and then `error` says
/// why and `error_offset` where, unless the place is unknown (an event has no position).
class Builder {
 public:
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(json::number_integer_t value) { return add(value); }
  bool number_unsigned(json::number_unsigned_t value) { return add(value); }
  bool number_float(json::number_float_t value, const std::string& /*text*/) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(json::binary_t& /*value*/) { return refuse("binary data has no place in JSON"); }

  bool start_object(std::size_t /*elements*/) { return open(json::object()); }
  bool start_array(std::size_t /*elements*/) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (open_.back()->contains(name)) {
      return refuse("key \"" + problem::printable(name) + "\" comes twice in one object");
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t offset, const std::string& /*token*/,
                   const nlohmann::detail::exception& problem) {
    error_offset = offset;
    // "[json.exception...] parse error at line 1, column 9: syntax error while ...": the reason is
    // what follows the position.
    const std::string what = problem.what();
    const std::size_t column = what.find("column ");
    const std::size_t colon = what.find(": ", column == std::string::npos ? 0 : column);
    const std::size_t start = colon != std::string::npos ? colon + 2 : what.find("] ") + 2;
    return refuse(problem::printable(what.substr(std::min(start, what.size()))));
  }

  json document;
  std::string error;
  std::size_t error_offset = 0;

 private:
  bool refuse(std::string why) {
    error = std::move(why);
    return false;
  }

  /// Puts `value` where the document has got to. Null when a cap is reached.
  json* place(json value) {
    if (++elements_ > kMaxJsonElements) {
      refuse("expected at most " + std::to_string(kMaxJsonElements) + " elements, got more");
      return nullptr;
    }
    if (open_.empty()) {
      document = std::move(value);
      return &document;
    }
    json& parent = *open_.back();
    if (parent.is_array()) return &parent.emplace_back(std::move(value));
    return &(parent[key_] = std::move(value));
  }

  bool add(json value) { return place(std::move(value)) != nullptr; }

  bool open(json container) {
    if (open_.size() == kMaxJsonDepth) {
      return refuse("expected at most " + std::to_string(kMaxJsonDepth) + " levels, got more");
    }
    json* placed = place(std::move(container));
    // A pointer into an array stays good while it is on the stack: only the innermost one grows.
    if (placed != nullptr) open_.push_back(placed);
    return placed != nullptr;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<json*> open_;
  std::string key_;
  std::size_t elements_ = 0;
};

/// "line 3, column 7: " of byte `offset` (counted from 1, as nlohmann does).
std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::string_view line = before.substr(before.rfind('\n') + 1);
  const auto lines = 1 + std::count(before.begin(), before.end(), '\n');
  return "line " + std::to_string(lines) + ", column " +
         std::to_string(std::max<std::size_t>(line.size(), 1)) + ": ";
}

/// Iterates over text and counts, so that the builder's own refusals have a position too.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* read) : at_(at), read_(read) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*read_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ == b.at_;
  }

 private:
  const char* at_;
  std::size_t* read_;
};

}  // namespace

json parse_json(std::string_view text, const std::string& path) {
  Builder builder;
  std::size_t read = 0;
  const CountingIterator begin(text.data(), &read);
  const CountingIterator end(text.data() + text.size(), &read);
  if (!json::sax_parse(begin, end, &builder)) {
    const std::size_t offset = builder.error_offset != 0 ? builder.error_offset : read;
    throw CorpusError(problem::printable(path), position(text, offset) + builder.error);
  }
  return std::move(builder.document);
}

}  // namespace attest::corpus
