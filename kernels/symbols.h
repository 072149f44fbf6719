// Names of functions by their address in an ELF file, as stack traces show them. Nothing in such a
// file is trusted, and the file is read, never loaded.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace attest::kernels {

class Symbols {
 public:
  /// "attend_row+0x4f (libmine.so)", or "libmine.so+0x1234" without a name; printable. Static
  /// functions have names too, unless the file was stripped. `file` empty: this program.
  std::string describe(const std::string& file, std::uint64_t address);

 private:
  struct Function {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
    std::string name;  ///< as in the file
  };
  static std::vector<Function> read_functions(const std::string& file);
  const std::vector<Function>& functions_of(const std::string& file);

  std::map<std::string, std::vector<Function>> files_;  ///< by address
};

}  // namespace attest::kernels
