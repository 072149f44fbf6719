#include "campaign/shared_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "campaign/path_text.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

[[noreturn]] void fail_with(const std::filesystem::path& path, int why) {
  throw SystemError(fmt::format("{}: cannot write: {}", path_text(path), std::strerror(why)));
}

}  // namespace

SharedMemory::SharedMemory(std::size_t bytes, const std::optional<std::filesystem::path>& file)
    : bytes_(std::max<std::size_t>(bytes, 1)) {
  int fd = -1;
  if (file) {
    fd = open(file->c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) fail_with(*file, errno);
    struct stat info {};
    reopened_ = fstat(fd, &info) == 0 && info.st_size == static_cast<off_t>(bytes_);
    if (!reopened_) {
      // A store into a hole of the file would be a SIGBUS when the disk is full.
      int why = ftruncate(fd, 0) == 0 ? 0 : errno;
      if (why == 0) why = posix_fallocate(fd, 0, static_cast<off_t>(bytes_));
      if (why != 0) {
        close(fd);
        unlink(file->c_str());
        fail_with(*file, why);
      }
    }
  }
  const int flags = MAP_SHARED | (file ? 0 : MAP_ANONYMOUS);
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, flags, fd, 0);
  const int why = errno;
  if (fd >= 0) close(fd);
  if (memory == MAP_FAILED) {
    throw SystemError(fmt::format("no shared memory for the campaign: {}", std::strerror(why)));
  }
  data_ = static_cast<std::byte*>(memory);
}

SharedMemory::~SharedMemory() { munmap(data_, bytes_); }

}  // namespace attest::campaign
