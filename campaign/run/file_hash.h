// Which program or library a run used, by its bytes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace attest::campaign {

/// XXH3-128 of a file's bytes as 32 hex digits. Throws: SystemError when it cannot be read.
std::string file_hash(const std::filesystem::path& path);
/// Of the files' names, without their folders, and bytes, in the order given; empty for none.
/// Throws: SystemError.
std::string files_hash(const std::vector<std::filesystem::path>& paths);

}  // namespace attest::campaign
