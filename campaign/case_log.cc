#include "campaign/case_log.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <tuple>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "corpus/case_file.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

struct Head {
  std::uint64_t pair;
  std::uint64_t k;
  std::uint64_t size;
};

struct Entry {
  std::uint64_t pair;
  std::uint64_t k;
  int fd;
  off_t offset;
  std::uint64_t size;
};

[[noreturn]] void fail(const std::filesystem::path& path, int why) {
  throw SystemError(fmt::format("{}: cannot write: {}", problem::printable(path.string(), 400),
                                std::strerror(why)));
}

int open_nameless(const std::filesystem::path& folder) {
  const int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  // Some file systems know no files without a name.
  std::string name = (folder / ".cases-XXXXXX").string();
  const int named = mkstemp(name.data());
  if (named < 0) fail(folder, errno);
  unlink(name.c_str());
  return named;
}

std::string read_at(int fd, off_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n =
        pread(fd, bytes.data() + done, size - done, offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw SystemError("the log of drawn cases cannot be read back");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

/// The entries of one lane; a lane that was killed may have left an incomplete last one.
void index_lane(int fd, std::vector<Entry>& entries) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return;
  off_t at = 0;
  while (info.st_size - at >= static_cast<off_t>(sizeof(Head))) {
    Head head;
    std::memcpy(&head, read_at(fd, at, sizeof head).data(), sizeof head);
    at += static_cast<off_t>(sizeof head);
    if (static_cast<std::uint64_t>(info.st_size - at) < head.size) return;
    entries.push_back({head.pair, head.k, fd, at, head.size});
    at += static_cast<off_t>(head.size);
  }
}

}  // namespace

std::string case_line(std::uint64_t k, const problem::Case& value,
                      const problem::Verdict& verdict) {
  // Ids, names and classes are made of letters, digits, dots, dashes and slashes: nothing to
  // escape.
  return fmt::format(
      R"({{"property":"{}","kernel":"{}","k":{},"status":"{}","class":"{}","case":{}}})",
      value.property, value.kernel, k, problem::name_of(verdict.status), verdict.failure_class,
      corpus::write_case_line(value));
}

CaseLog::CaseLog(std::filesystem::path folder, int lanes) : folder_(std::move(folder)) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) fail(folder_, error.value());
  for (int i = 0; i < lanes; ++i) fds_.push_back(open_nameless(folder_));
}

CaseLog::~CaseLog() {
  for (const int fd : fds_) close(fd);
}

void CaseLog::add(int lane, std::size_t pair, std::uint64_t k, std::string_view line) {
  const Head head{pair, k, line.size()};
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes.append(line);
  const char* data = bytes.data();
  std::size_t left = bytes.size();
  while (left > 0) {
    const ssize_t n = write(fds_[static_cast<std::size_t>(lane)], data, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(folder_, errno);
    data += n;
    left -= static_cast<std::size_t>(n);
  }
}

void CaseLog::publish(const std::function<bool(std::size_t, std::uint64_t)>& keep) {
  std::vector<Entry> entries;
  for (const int fd : fds_) index_lane(fd, entries);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.pair, a.k) < std::tie(b.pair, b.k);
  });

  const std::filesystem::path path = folder_ / "cases.jsonl";
  const std::filesystem::path draft = folder_ / fmt::format(".cases.jsonl.{}", getpid());
  {
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    for (const Entry& entry : entries) {
      if (keep(entry.pair, entry.k)) file << read_at(entry.fd, entry.offset, entry.size) << '\n';
    }
    file.flush();
    if (!file) {
      const int why = errno;
      std::error_code ignored;
      std::filesystem::remove(draft, ignored);
      fail(path, why);
    }
  }
  std::error_code error;
  std::filesystem::rename(draft, path, error);
  if (error) {
    std::error_code ignored;
    std::filesystem::remove(draft, ignored);
    fail(path, error.value());
  }
}

}  // namespace attest::campaign
