#include "corpus/json_field.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "problem/errors.h"
#include "problem/special_values.h"
#include "problem/text.h"

namespace attest::corpus {
namespace {

using nlohmann::json;

/// A few words for a value in a message.
std::string described(const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "a list of " + std::to_string(value.size());
    case json::value_t::string:
      return '"' + problem::printable(value.get_ref<const std::string&>(), 80) + '"';
    default:
      return value.dump();
  }
}

}  // namespace

void Field::expect_keys(std::initializer_list<std::string_view> keys) const {
  expect_keys(std::span(keys.begin(), keys.size()));
}

void Field::expect_keys(std::span<const std::string_view> keys) const {
  if (!value_->is_object()) fail("an object");
  for (const auto& item : value_->items()) {
    if (std::find(keys.begin(), keys.end(), item.key()) != keys.end()) continue;
    std::string known;
    for (const std::string_view key : keys) known.append(known.empty() ? "" : ", ").append(key);
    fail_because("unknown key \"" + problem::printable(item.key(), 80) + "\", expected one of " +
                 known);
  }
}

bool Field::has(std::string_view key) const {
  if (!value_->is_object()) fail("an object");
  return value_->contains(key);
}

Field Field::member(std::string_view key) const {
  if (!has(key)) fail_because("key \"" + std::string(key) + "\" is missing");
  return {*value_->find(key), *file_, path_ + (path_.empty() ? "" : ".") + std::string(key)};
}

std::size_t Field::list_size(std::size_t max) const {
  if (!value_->is_array()) fail("a list");
  if (value_->size() > max) fail("a list of at most " + std::to_string(max));
  return value_->size();
}

Field Field::element(std::size_t i) const {
  return {(*value_)[i], *file_, path_ + "[" + std::to_string(i) + "]"};
}

std::vector<std::string> Field::keys(std::size_t max) const {
  if (!value_->is_object()) fail("an object");
  std::vector<std::string> keys;
  for (const auto& item : value_->items()) {
    if (item.key().size() > max || !problem::is_printable(item.key())) {
      fail_because("key \"" + problem::printable(item.key(), 80) + "\": expected at most " +
                   std::to_string(max) + " bytes that are safe to print");
    }
    keys.push_back(item.key());
  }
  return keys;
}

std::int64_t Field::integer(std::int64_t min, std::int64_t max) const {
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits = value_->is_number_integer() &&
                    !(value_->is_number_unsigned() && value_->get<std::uint64_t>() > kLargest);
  if (fits) {
    const auto number = value_->get<std::int64_t>();
    if (number >= min && number <= max) return number;
  }
  if (min == max) fail(std::to_string(min));
  if (max == std::numeric_limits<std::int64_t>::max()) {
    fail("an integer >= " + std::to_string(min));
  }
  fail("an integer in [" + std::to_string(min) + ", " + std::to_string(max) + "]");
}

bool Field::boolean() const {
  if (!value_->is_boolean()) fail("true or false");
  return value_->get<bool>();
}

std::string Field::text(std::size_t max) const {
  if (!value_->is_string()) fail("text");
  const auto& text = value_->get_ref<const std::string&>();
  if (text.size() > max) fail("text of at most " + std::to_string(max) + " bytes");
  if (!problem::is_printable(text)) fail("text of one line without control characters");
  return text;
}

double Field::decimal() const {
  if (value_->is_number()) return value_->get<double>();
  if (value_->is_string()) {
    const auto& text = value_->get_ref<const std::string&>();
    if (text == "nan") return kNaN;
    if (text == "inf") return kInfinity;
    if (text == "-inf") return -kInfinity;
  }
  fail("a number, \"nan\", \"inf\" or \"-inf\"");
}

std::uint64_t Field::hex64() const {
  const std::string expected = "\"0x\" and 1 to 16 hex digits";
  if (!value_->is_string()) fail(expected);
  const auto& text = value_->get_ref<const std::string&>();
  if (text.size() < 3 || text.size() > 18 || !text.starts_with("0x")) fail(expected);
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, number, 16);
  if (error != std::errc() || stop != end) fail(expected);
  return number;
}

void Field::fail(const std::string& expected) const {
  fail_because("expected " + expected + ", got " + described(*value_));
}

void Field::fail_because(const std::string& what) const {
  throw CorpusError(problem::printable(*file_), (path_.empty() ? "" : path_ + ": ") + what);
}

}  // namespace attest::corpus
