// Numbers and strings from a table in a file that need not be well-formed.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace attest::simt::check {

/// Reads a table and stops at its end: past it everything is 0.
class Reader {
 public:
  Reader(const char* begin, const char* end) : at_(begin), end_(end) {}
  bool done() const { return at_ >= end_; }
  const char* at() const { return at_; }
  void go_to(const char* where) { at_ = where; }
  std::size_t left() const { return done() ? 0 : static_cast<std::size_t>(end_ - at_); }

  template <class T>
  T fixed() {
    T value = 0;
    if (left() < sizeof value) {
      at_ = end_;
      return 0;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint64_t unsigned_leb() {
    std::uint64_t value = 0;
    for (int shift = 0; !done(); shift += 7) {
      const auto byte = fixed<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) break;
    }
    return value;
  }
  std::int64_t signed_leb() {
    std::uint64_t value = 0;
    int shift = 0;
    std::uint8_t byte = 0x80;
    while ((byte & 0x80) != 0 && !done()) {
      byte = fixed<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      shift += 7;
    }
    if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
    return static_cast<std::int64_t>(value);
  }
  std::string_view string() {
    const std::size_t length = strnlen(at_, left());
    const std::string_view text(at_, length);
    at_ += length + (length < left() ? 1 : 0);
    return text;
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace attest::simt::check
