#include "corpus/file_io.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include "problem/errors.h"
#include "problem/text.h"

namespace attest::corpus {
namespace {

std::string shown(const std::filesystem::path& path) { return problem::printable(path.string()); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  bool close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

[[noreturn]] void fail_read(const std::filesystem::path& path, const std::string& why) {
  throw CorpusError(shown(path), why);
}

void expect_regular(const std::filesystem::path& path, const struct stat& info) {
  if (S_ISREG(info.st_mode)) return;
  const char* what = S_ISDIR(info.st_mode)    ? "a directory"
                     : S_ISFIFO(info.st_mode) ? "a pipe"
                     : S_ISSOCK(info.st_mode) ? "a socket"
                                              : "a device";
  fail_read(path, std::string("expected a file, got ") + what);
}

/// Writes all of `text` and brings it to the disk. False leaves errno set.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

std::string read_regular_file(const std::filesystem::path& path, std::size_t max_bytes) {
  // Opening some devices has effects, and opening a pipe can wait: look before opening. What was
  // looked at may be replaced meanwhile, hence O_NONBLOCK and the second look.
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) fail_read(path, std::strerror(errno));
  expect_regular(path, info);
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) fail_read(path, std::strerror(errno));
  if (::fstat(file.get(), &info) != 0) fail_read(path, std::strerror(errno));
  expect_regular(path, info);

  // The size of the file is only a hint: it may grow, and some file systems say 0.
  std::string text;
  std::string block(std::size_t{1} << 16, '\0');
  while (text.size() <= max_bytes) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_read(path, std::strerror(errno));
    if (got == 0) return text;
    text.append(block, 0, static_cast<std::size_t>(got));
  }
  fail_read(path, "expected at most " + std::to_string(max_bytes) + " bytes, got more");
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path directory =
      path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const std::filesystem::path temporary =
      directory / ("." + path.filename().string() + "." + std::to_string(::getpid()) + "." +
                   std::to_string(counter++) + ".tmp");

  Descriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (file.get() < 0) {
    throw SystemError("cannot write " + shown(path) + ": " + std::strerror(errno));
  }
  // close() can be the first to tell of a full disk (NFS, quotas), so it counts.
  const bool done =
      write_all(file.get(), text) && file.close() && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!done) {
    const int error = errno;
    ::unlink(temporary.c_str());
    throw SystemError("cannot write " + shown(path) + ": " + std::strerror(error));
  }
  // The rename itself survives a power cut once the directory is synced. Some file systems cannot
  // sync a directory; the file is whole either way, so that is no error.
  const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

}  // namespace attest::corpus
