// Checked reading of JSON from strangers. nlohmann_json by itself narrows numbers silently, keeps
// the last of two equal keys and builds whatever it is given; here the text is capped in depth and
// element count while it is parsed, equal keys are refused, and every read says what it expects.
// Each error is one line: file, field, what was expected, what came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace attest::corpus {

inline constexpr std::size_t kMaxJsonDepth = 32;
inline constexpr std::size_t kMaxJsonElements = std::size_t{1} << 21;

/// The parsed text.
/// Throws: CorpusError(path, "line 3, column 7: ...") on broken syntax, a key that comes twice,
/// too deep nesting or too many elements.
nlohmann::json parse_json(std::string_view text, const std::string& path);

/// One value inside a document and the way to it ("problem.sequences[0].kv_len").
/// Holds references: the document and the file name must outlive it.
class Field {
 public:
  Field(const nlohmann::json& value, const std::string& file) : value_(&value), file_(&file) {}

  /// The same value, but the way in messages starts here.
  Field as_root() const { return {*value_, *file_}; }

  /// Throws unless this is an object whose keys are all in `keys`.
  void expect_keys(std::initializer_list<std::string_view> keys) const;
  void expect_keys(std::span<const std::string_view> keys) const;
  bool has(std::string_view key) const;
  /// The member `key`. Throws if it is missing.
  Field member(std::string_view key) const;

  /// Number of elements. Throws unless this is a list of at most `max`.
  std::size_t list_size(std::size_t max = kMaxJsonElements) const;
  Field element(std::size_t i) const;

  /// The keys of this object in their order, where they are data: each of at most `max` bytes and
  /// safe to print.
  std::vector<std::string> keys(std::size_t max) const;

  /// Throws unless this is a number written as an integer, in [min, max].
  std::int64_t integer(std::int64_t min, std::int64_t max) const;
  bool boolean() const;
  /// Text of at most `max` bytes that is safe to print (problem/text.h).
  std::string text(std::size_t max) const;
  /// A number of JSON as the nearest double, or one of "nan", "inf", "-inf".
  double decimal() const;
  /// "0x" and 1 to 16 hex digits.
  std::uint64_t hex64() const;

  /// CorpusError: file, field, "expected <expected>, got <this value>".
  [[noreturn]] void fail(const std::string& expected) const;
  /// CorpusError: file, field, `what`.
  [[noreturn]] void fail_because(const std::string& what) const;

 private:
  Field(const nlohmann::json& value, const std::string& file, std::string path)
      : value_(&value), file_(&file), path_(std::move(path)) {}

  const nlohmann::json* value_;
  const std::string* file_;
  std::string path_;  ///< empty for the document itself
};

}  // namespace attest::corpus
