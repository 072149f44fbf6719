#pragma once

#include <cstddef>
#include <cstdint>

namespace attest {

/// Extents and ids of a case are signed, standard containers are not. `i` must be >= 0.
constexpr std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace attest
