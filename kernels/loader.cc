// plugin_infos(): what a plug-in declares, read by a child and sent over as bytes.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "kernels/child_process.h"
#include "kernels/executor.h"
#include "kernels/kernel_info.h"
#include "kernels/library.h"
#include "kernels/session.h"
#include "kernels/text.h"
#include "problem/errors.h"

namespace attest::kernels {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr std::uint32_t kListMagic = 0x6c696b61;  // "akil"

// First in the pipe, then `kernels` times a size and a serialised declaration; or one error text.
struct Header {
  std::uint32_t magic = kListMagic;
  std::uint32_t kernels = 0;
  std::uint32_t is_error = 0;
  std::uint32_t reserved = 0;
};

void append_sized(std::string& out, const std::string& bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out += bytes;
}

std::string answer(const Header& header, const std::string& body) {
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + body;
}

// In the child.
std::string read_declarations(const std::string& path) {
  Header header;
  std::string body;
  std::set<std::string> names;
  try {
    for (const attest_kernel* kernel : load_library(path)) {
      KernelInfo info = describe(*kernel);
      info.on_executor = Executor::find(path, *kernel).has_value();
      if (!names.insert(info.name).second) {
        throw ContractError(fmt::format("exports two kernels named '{}'", info.name));
      }
      append_sized(body, serialise(info));
      ++header.kernels;
    }
    return answer(header, body);
  } catch (const std::exception& error) {
    header.kernels = 0;
    header.is_error = 1;
    body.clear();
    append_sized(body, error.what());
    return answer(header, body);
  }
}

// The next sized piece; the child is not trusted.
std::string_view take_sized(std::string_view& in) {
  std::uint32_t size = 0;
  if (in.size() < sizeof(size)) throw ContractError("what it declares arrived cut off");
  std::memcpy(&size, in.data(), sizeof(size));
  in.remove_prefix(sizeof(size));
  if (size > in.size()) throw ContractError("what it declares arrived cut off");
  const std::string_view piece = in.substr(0, size);
  in.remove_prefix(size);
  return piece;
}

std::vector<KernelInfo> parse(std::string_view bytes, const std::string& path) {
  Header header;
  if (bytes.size() < sizeof(header)) throw ContractError("what it declares arrived cut off");
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes.remove_prefix(sizeof(header));
  if (header.magic != kListMagic || header.kernels > kMaxKernels) {
    throw ContractError("what it declares arrived garbled");
  }
  if (header.is_error != 0) throw ContractError(printable(take_sized(bytes), 600));
  std::vector<KernelInfo> infos;
  for (std::uint32_t i = 0; i < header.kernels; ++i) {
    infos.push_back(deserialise(take_sized(bytes)));
    infos.back().library = path;
  }
  if (infos.empty() || !bytes.empty()) throw ContractError("what it declares arrived garbled");
  return infos;
}

// One line for what needs no loading to be seen.
void check_file(const std::string& path) {
  struct stat status {};
  if (path.empty() || path.find('\0') != std::string::npos) throw ContractError("is no file name");
  if (stat(path.c_str(), &status) != 0) {
    throw ContractError(errno == ENOENT ? "no such file" : std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw ContractError("is a directory, not a kernel plug-in");
  if (!S_ISREG(status.st_mode)) throw ContractError("is no regular file");
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw ContractError(std::strerror(errno));
  char magic[4] = {};
  const bool elf = read_all(file, magic, sizeof(magic)) && std::memcmp(magic, "\177ELF", 4) == 0;
  close(file);
  if (!elf) throw ContractError("is no shared library (not an ELF file)");
}

std::string collect(const std::string& path, std::chrono::milliseconds timeout) {
  ChildProcess child([&path](int replies) {
    const std::string bytes = read_declarations(path);
    write_all(replies, bytes.data(), bytes.size());
  });
  std::string bytes;
  std::vector<char> piece(1 << 16);
  const Clock::time_point end = Clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    std::size_t count = 0;
    const auto received = left.count() <= 0
                              ? ChildProcess::Received::kTimeout
                              : child.receive(piece.data(), piece.size(), &count, left);
    if (received == ChildProcess::Received::kTimeout) {
      throw ContractError(fmt::format("did not finish loading within {:.1f} s",
                                      static_cast<double>(timeout.count()) / 1000));
    }
    if (received == ChildProcess::Received::kEnd) break;
    bytes.append(piece.data(), count);
    if (bytes.size() > kMaxBytes) throw ContractError("declares more than 16 MiB");
  }
  const std::string how = child.finish(Milliseconds(1000));
  // Whatever it does after its answer is complete, in exit handlers say, is of no interest here.
  if (bytes.empty())
    throw ContractError("crashed while being loaded: " + (how.empty() ? "closed its pipe" : how));
  return bytes;
}

}  // namespace

std::vector<KernelInfo> plugin_infos(const std::string& path, std::chrono::milliseconds timeout) {
  try {
    check_file(path);
    return parse(collect(path, timeout), path);
  } catch (const ContractError& error) {
    throw PluginError(printable(path), error.what());
  }
}

}  // namespace attest::kernels
