// The sections of a program or library on disk.
#pragma once

#include <cstddef>
#include <string_view>

#include "kernels/simt/check/table_reader.h"

namespace attest::simt::check {

/// A 64-bit ELF file, mapped. One that cannot be read has no sections.
class ElfFile {
 public:
  explicit ElfFile(const char* path);
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  /// Whether addresses in the file are relative to where it is loaded.
  bool relocatable() const;
  /// Empty if there is none, or a compressed one.
  Reader section(std::string_view wanted) const;

 private:
  const char* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace attest::simt::check
