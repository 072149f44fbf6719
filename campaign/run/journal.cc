#include "campaign/run/journal.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>
#include <xxhash.h>

#include <fmt/format.h>

#include "campaign/path_text.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

struct RecordHead {
  std::uint64_t size;
  std::uint64_t hash;  ///< of the size and the bytes: zeros are no record
};

std::uint64_t hash_of(std::string_view record) {
  return XXH3_64bits_withSeed(record.data(), record.size(), record.size() + 1);
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int why) {
  throw SystemError(fmt::format("{}: cannot {}: {}", path_text(path), what, std::strerror(why)));
}

/// As many bytes as there are, up to `size`.
std::size_t read_at(int fd, std::size_t at, void* to, std::size_t size,
                    const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n =
        pread(fd, static_cast<char*>(to) + done, size - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "read", errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

/// Visits whole records and returns where they end.
std::size_t scan(int fd, const std::filesystem::path& path, const Journal::Visit& visit) {
  const off_t end = lseek(fd, 0, SEEK_END);
  if (end < 0) fail(path, "read", errno);
  const auto total = static_cast<std::size_t>(end);
  std::size_t at = 0;
  std::vector<char> bytes;
  while (true) {
    RecordHead head;
    if (read_at(fd, at, &head, sizeof head, path) < sizeof head) return at;
    if (head.size > total - at - sizeof head) return at;
    bytes.resize(head.size);
    if (read_at(fd, at + sizeof head, bytes.data(), head.size, path) < head.size) return at;
    const std::string_view record(bytes.data(), bytes.size());
    if (hash_of(record) != head.hash) return at;
    if (visit) visit(record, at + sizeof head);
    at += sizeof head + head.size;
  }
}

}  // namespace

Journal::Journal(std::filesystem::path path) : path_(std::move(path)) {
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) fail(path_, "write", errno);
  try {
    size_ = scan(fd_, path_, {});
    if (ftruncate(fd_, static_cast<off_t>(size_)) != 0) fail(path_, "write", errno);
  } catch (...) {
    close(fd_);
    throw;
  }
}

Journal::~Journal() { close(fd_); }

void Journal::append(std::string_view record) {
  const RecordHead head{record.size(), hash_of(record)};
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes.append(record);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(size_ + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int why = n < 0 ? errno : ENOSPC;
      // What was cut short would be taken off at the next start; now is as good.
      if (ftruncate(fd_, static_cast<off_t>(size_)) != 0) fail(path_, "write", why);
      fail(path_, "write", why);
    }
    done += static_cast<std::size_t>(n);
  }
  size_ += bytes.size();
}

void Journal::read(const std::filesystem::path& path, const Visit& visit) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return;
  if (fd < 0) fail(path, "read", errno);
  try {
    scan(fd, path, visit);
  } catch (...) {
    close(fd);
    throw;
  }
  close(fd);
}

}  // namespace attest::campaign
