#include "kernels/simt/check/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

namespace attest::simt::check {
namespace {

Elf64_Ehdr header(const char* data, std::size_t bytes) {
  Elf64_Ehdr head = {};
  if (data != nullptr && bytes >= sizeof head) std::memcpy(&head, data, sizeof head);
  return head;
}

}  // namespace

ElfFile::ElfFile(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  struct stat status = {};
  if (fstat(file, &status) == 0 && status.st_size > 0) {
    bytes_ = static_cast<std::size_t>(status.st_size);
    void* memory = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory != MAP_FAILED) data_ = static_cast<const char*>(memory);
  }
  close(file);
}

ElfFile::~ElfFile() {
  if (data_ != nullptr) munmap(const_cast<char*>(data_), bytes_);
}

bool ElfFile::relocatable() const { return header(data_, bytes_).e_type == ET_DYN; }

Reader ElfFile::section(std::string_view wanted) const {
  const Reader none(nullptr, nullptr);
  const Elf64_Ehdr head = header(data_, bytes_);
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return none;
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_shstrndx >= head.e_shnum) return none;
  const std::uint64_t table = head.e_shoff;
  if (table > bytes_ || head.e_shnum * sizeof(Elf64_Shdr) > bytes_ - table) return none;
  const auto section_at = [&](std::size_t i) {
    Elf64_Shdr section;
    std::memcpy(&section, data_ + table + i * sizeof section, sizeof section);
    return section;
  };
  const Elf64_Shdr names = section_at(head.e_shstrndx);
  for (std::size_t i = 0; i < head.e_shnum; ++i) {
    const Elf64_Shdr section = section_at(i);
    const std::uint64_t name = names.sh_offset + section.sh_name;
    if (name >= bytes_ || strnlen(data_ + name, bytes_ - name) != wanted.size()) continue;
    if (wanted != std::string_view(data_ + name, wanted.size())) continue;
    const bool usable = section.sh_offset <= bytes_ &&
                        section.sh_size <= bytes_ - section.sh_offset &&
                        (section.sh_flags & SHF_COMPRESSED) == 0;
    if (!usable) return none;
    return {data_ + section.sh_offset, data_ + section.sh_offset + section.sh_size};
  }
  return none;
}

}  // namespace attest::simt::check
