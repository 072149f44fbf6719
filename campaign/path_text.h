#pragma once

#include <filesystem>
#include <string>

#include "problem/text.h"

namespace attest::campaign {

/// A path as messages show it, whatever bytes it holds.
inline std::string path_text(const std::filesystem::path& path) {
  return problem::printable(path.string(), 400);
}

}  // namespace attest::campaign
