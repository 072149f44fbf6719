// Limits of a declaration that more than one file needs.
#pragma once

#include <cstddef>

namespace attest::kernels {

inline constexpr std::size_t kMaxNameLength = 100;
inline constexpr std::size_t kMaxDescriptionLength = 400;

}  // namespace attest::kernels
