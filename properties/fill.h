// Runs of equal elements and of junk, written fast: every call fills whole caches and outputs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "problem/dtype.h"

namespace attest::properties {

/// `count` elements of these bits.
void fill_bits(problem::DType type, std::byte* to, std::int64_t count, std::uint64_t bits);

/// Element i is junk_value(seed, first + i), rounded to the type (junk.h).
void fill_junk_values(problem::DType type, std::byte* to, std::uint64_t seed, std::uint64_t first,
                      std::int64_t count);

}  // namespace attest::properties
