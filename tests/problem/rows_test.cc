#include "problem/rows.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "problem/elements.h"
#include "problem/values.h"

namespace attest::problem {
namespace {

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

/// Numbers around everything that has an edge in some type, and any others.
std::vector<double> numbers() {
  std::vector<double> all = {
      0.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(),
      std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()};
  for (const DType type : all_dtypes()) {
    if (size_of(type) > 2) continue;
    for (std::uint64_t code = 0; code < std::uint64_t{1} << (8 * size_of(type)); code += 7) {
      const double value = decode(type, code);
      if (!std::isfinite(value)) continue;
      const double next = decode(type, code + 1);
      for (const double x : {value, 0.5 * (value + next)}) {  // a number and a tie
        all.push_back(x);
        all.push_back(std::nextafter(x, 0.0));
        all.push_back(std::nextafter(x, 2 * x));
      }
    }
  }
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    all.push_back(std::bit_cast<double>(derive_seed(3, i)));
    all.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(derive_seed(4, i))));
  }
  const std::size_t count = all.size();
  for (std::size_t i = 0; i < count; ++i) all.push_back(-all[i]);
  return all;
}

TEST(Rows, AreEncodedLikeSingleElements) {
  const std::vector<double> values = numbers();
  for (const DType type : all_dtypes()) {
    Elements row(type, values.size());
    encode_row(type, values, row.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (size_of(type) >= 4 && std::isnan(values[i])) continue;
      ASSERT_EQ(row.bits(i), encode(type, values[i])) << name_of(type) << ' ' << values[i];
    }
  }
}

TEST(Rows, AreDecodedLikeSingleElements) {
  for (const DType type : all_dtypes()) {
    const bool all = size_of(type) <= 2;
    const std::size_t count = all ? std::size_t{1} << (8 * size_of(type)) : 100'000;
    Elements row(type, count);
    for (std::size_t i = 0; i < count; ++i) row.set_bits(i, all ? i : derive_seed(5, i));
    std::vector<double> values(count);
    decode_row(type, row.data(), values);
    for (std::size_t i = 0; i < count; ++i) {
      const double expected = row.value(i);
      ASSERT_TRUE(std::isnan(expected) ? std::isnan(values[i])
                                       : bits_of(expected) == bits_of(values[i]))
          << name_of(type) << ' ' << i;
    }
  }
}

TEST(Rows, ARounderRoundsLikeRoundTo) {
  const std::vector<double> values = numbers();
  for (const DType type : all_dtypes()) {
    const Rounder rounded(type);
    for (const double value : values) {
      ASSERT_EQ(bits_of(rounded(value)), bits_of(round_to(type, value)))
          << name_of(type) << ' ' << value;
    }
  }
}

}  // namespace
}  // namespace attest::problem
