// A file of records that are whole or absent: what a lane has found, on disk before it goes on. A
// kill -9 may cut the last record short; reading stops there and appending goes on from there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

namespace attest::campaign {

class Journal {
 public:
  /// Opens or makes the file, and cuts off an incomplete last record. Throws: SystemError.
  explicit Journal(std::filesystem::path path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Throws: SystemError, and then nothing of the record is kept.
  void append(std::string_view record);

  using Visit = std::function<void(std::string_view record, std::size_t offset)>;
  /// Calls visit for every whole record, in order, with its place in the file; nothing for a file
  /// that is not there. Throws: SystemError when the file cannot be read.
  static void read(const std::filesystem::path& path, const Visit& visit);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::size_t size_ = 0;  ///< of all whole records
};

}  // namespace attest::campaign
