#pragma once

#include <cmath>
#include <cstdio>
#include <string>

namespace attest::properties {

/// As messages show it: 9 digits.
inline std::string number(double value) {
  if (std::isnan(value)) return "nan";  // whatever its sign
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

}  // namespace attest::properties
