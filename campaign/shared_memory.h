// Memory that a supervisor and its lanes share; behind a file it also outlives them: what was
// stored before a kill -9 is there when the file is opened again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

namespace attest::campaign {

class SharedMemory {
 public:
  /// Zeros, shared with processes forked afterwards. With a file: its contents, if it has the size;
  /// else zeros, with room on the disk for all of them, so that no later store can fail.
  /// Throws: SystemError without memory, room or permission.
  explicit SharedMemory(std::size_t bytes, const std::optional<std::filesystem::path>& file = {});
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return bytes_; }
  /// Whether the file was there before, with this size.
  bool reopened() const { return reopened_; }

 private:
  std::size_t bytes_ = 0;
  std::byte* data_ = nullptr;
  bool reopened_ = false;
};

}  // namespace attest::campaign
