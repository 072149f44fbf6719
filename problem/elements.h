// A dense array of elements of one type, kept as raw bytes so that comparisons can be bitwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/dtype.h"

namespace attest::problem {

class Elements {
 public:
  Elements() = default;
  Elements(DType type, std::size_t count)
      : type_(type), count_(count), raw_(count * size_of(type)) {}

  DType type() const { return type_; }
  std::size_t size() const { return count_; }
  std::uint64_t bits(std::size_t i) const {
    return load_bits(type_, raw_.data() + i * size_of(type_));
  }
  double value(std::size_t i) const { return decode(type_, bits(i)); }
  void set_bits(std::size_t i, std::uint64_t bits) {
    store_bits(type_, raw_.data() + i * size_of(type_), bits);
  }
  void set(std::size_t i, double value) { set_bits(i, encode(type_, value)); }

  std::byte* data() { return raw_.data(); }
  const std::byte* data() const { return raw_.data(); }
  std::size_t bytes() const { return raw_.size(); }

  friend bool operator==(const Elements&, const Elements&) = default;

 private:
  DType type_ = DType::kF32;
  std::size_t count_ = 0;
  std::vector<std::byte> raw_;
};

/// The NaN that outputs are filled with before a kernel runs: finding it afterwards means "never
/// written". Its payload is one no arithmetic produces. f64, f32, f16, bf16 only carry it apart
/// from other NaNs; the 8-bit types have too few NaNs, there any NaN equal to the pattern counts.
std::uint64_t unwritten_bits(DType type);

}  // namespace attest::problem
