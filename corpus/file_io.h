// Files of a corpus on disk: reads that cannot be made to hang or to swallow the memory, and writes
// that leave either the whole file or no trace.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace attest::corpus {

/// The bytes of a regular file (a symbolic link to one counts). Never waits on a pipe or a device.
/// Throws: CorpusError if there is no such file, it is something else (a directory, a pipe), may
/// not be read, or holds more than `max_bytes`.
std::string read_regular_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Makes `path` hold exactly `text`: written to a hidden file beside it, synced, then renamed over
/// it. A reader sees the old file or the new one, also after a crash.
/// Throws: SystemError with one line; then `path` is what it was and nothing is left beside it.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace attest::corpus
