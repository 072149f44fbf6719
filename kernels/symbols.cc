#include "kernels/symbols.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "kernels/text.h"

namespace attest::kernels {
namespace {

constexpr std::size_t kMaxTable = std::size_t{64} << 20;
constexpr std::size_t kMaxName = 100;

/// Reads at offsets, each read checked.
class ElfFile {
 public:
  explicit ElfFile(const std::string& path)
      : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat status {};
    if (file_ >= 0 && (fstat(file_, &status) != 0 || !S_ISREG(status.st_mode))) {
      close(file_);
      file_ = -1;
    }
  }
  ~ElfFile() {
    if (file_ >= 0) close(file_);
  }
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  bool read(std::uint64_t offset, void* to, std::size_t bytes) const {
    if (file_ < 0 || offset > (std::uint64_t{1} << 40)) return false;
    return pread(file_, to, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
  }

  template <typename Entry>
  std::vector<Entry> table(std::uint64_t offset, std::uint64_t bytes) const {
    if (bytes > kMaxTable) return {};
    std::vector<Entry> entries(static_cast<std::size_t>(bytes) / sizeof(Entry));
    if (!read(offset, entries.data(), entries.size() * sizeof(Entry))) entries.clear();
    return entries;
  }

 private:
  int file_;
};

std::string demangled(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  if (text == nullptr) return name;
  std::string plain = text.get();
  const std::string_view anonymous = "(anonymous namespace)::";
  for (std::size_t at = 0; (at = plain.find(anonymous, at)) != std::string::npos;) {
    plain.erase(at, anonymous.size());
  }
  // Types of arguments say little and are long.
  if (const std::size_t open = plain.find('('); open != std::string::npos && open > 0) {
    plain.resize(open);
  }
  return plain;
}

std::string base_name(const std::string& file) {
  return file.empty() ? "attest" : file.substr(file.rfind('/') + 1);
}

}  // namespace

std::vector<Symbols::Function> Symbols::read_functions(const std::string& file) {
  const ElfFile elf(file.empty() ? "/proc/self/exe" : file);
  Elf64_Ehdr header{};
  if (!elf.read(0, &header, sizeof(header)) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr)) {
    return {};
  }
  const auto sections =
      elf.table<Elf64_Shdr>(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
  std::vector<Function> functions;
  for (const Elf64_Word wanted : {SHT_SYMTAB, SHT_DYNSYM}) {
    for (const Elf64_Shdr& section : sections) {
      if (section.sh_type != wanted || section.sh_link >= sections.size()) continue;
      const Elf64_Shdr& strings = sections[section.sh_link];
      const auto names = elf.table<char>(strings.sh_offset, strings.sh_size);
      for (const Elf64_Sym& symbol : elf.table<Elf64_Sym>(section.sh_offset, section.sh_size)) {
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0 ||
            symbol.st_name >= names.size()) {
          continue;
        }
        const char* name = names.data() + symbol.st_name;
        functions.push_back({symbol.st_value, symbol.st_size,
                             std::string(name, strnlen(name, names.size() - symbol.st_name))});
      }
    }
    if (!functions.empty()) break;  // the full table has what the other one has
  }
  std::stable_sort(functions.begin(), functions.end(),
                   [](const Function& a, const Function& b) { return a.first < b.first; });
  return functions;
}

const std::vector<Symbols::Function>& Symbols::functions_of(const std::string& file) {
  const auto known = files_.find(file);
  if (known != files_.end()) return known->second;
  return files_.emplace(file, read_functions(file)).first->second;
}

std::string Symbols::describe(const std::string& file, std::uint64_t address) {
  const std::vector<Function>& functions = functions_of(file);
  const std::string library = printable(base_name(file), kMaxName);
  auto next = std::upper_bound(
      functions.begin(), functions.end(), address,
      [](std::uint64_t wanted, const Function& function) { return wanted < function.first; });
  if (next == functions.begin()) return fmt::format("{}+{:#x}", library, address);
  const Function& function = *--next;
  const std::uint64_t offset = address - function.first;
  if (offset >= std::max<std::uint64_t>(function.size, 1)) {
    return fmt::format("{}+{:#x}", library, address);
  }
  return fmt::format("{}+{:#x} ({})", printable(demangled(function.name), kMaxName), offset,
                     library);
}

}  // namespace attest::kernels
