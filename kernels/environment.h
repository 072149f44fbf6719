// Switches in the environment of attest.
#pragma once

#include <cstdlib>
#include <string_view>

namespace attest::kernels {

/// Whether a variable is set to this value.
inline bool environment_says(const char* variable, std::string_view value) {
  const char* const said = std::getenv(variable);
  return said != nullptr && said == value;
}

}  // namespace attest::kernels
