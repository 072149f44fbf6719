// Random well-formed cases that use every field of the format now and then.
#pragma once

#include <cstdint>

#include "problem/case.h"

namespace attest::tests {

/// A pure function of the seed.
problem::Case random_case(std::uint64_t seed);

}  // namespace attest::tests
