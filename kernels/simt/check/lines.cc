#include "kernels/simt/check/lines.h"

#include <dlfcn.h>
#include <link.h>
#include <map>
#include <string_view>
#include <vector>

#include "kernels/simt/check/elf_file.h"
#include "kernels/simt/check/table_reader.h"

namespace attest::simt::check {
namespace {

/// One unit of .debug_line: a program for a machine that makes rows (address, file, line).
class LineProgram {
 public:
  LineProgram(Reader header, const char* end) : in_(header), end_(end) {}

  /// Runs until a row covers `address`.
  bool find(std::uint64_t address, bool wide, int version, Place& place) {
    const std::uint64_t header = wide ? in_.fixed<std::uint64_t>() : in_.fixed<std::uint32_t>();
    if (header > in_.left()) return false;
    const char* program = in_.at() + header;
    instruction_ = in_.fixed<std::uint8_t>();
    if (version >= 4) in_.fixed<std::uint8_t>();
    in_.fixed<std::uint8_t>();
    line_base_ = in_.fixed<std::int8_t>();
    line_range_ = in_.fixed<std::uint8_t>();
    opcode_base_ = in_.fixed<std::uint8_t>();
    if (line_range_ == 0 || opcode_base_ == 0) return false;
    operands_.assign(opcode_base_, 0);
    for (int i = 1; i < opcode_base_; ++i) {
      operands_[static_cast<std::size_t>(i)] = in_.fixed<std::uint8_t>();
    }
    while (!in_.string().empty()) {
    }
    files_.assign(1, {});
    for (std::string_view name = in_.string(); !name.empty(); name = in_.string()) {
      files_.push_back(name);
      for (int i = 0; i < 3; ++i) in_.unsigned_leb();
    }
    in_.go_to(program);
    return run(address, place);
  }

 private:
  struct Row {
    std::uint64_t address = 0;
    std::uint64_t file = 1;
    std::int64_t line = 1;
  };

  bool run(std::uint64_t wanted, Place& place) {
    begin_sequence();
    while (in_.at() < end_) {
      const auto opcode = in_.fixed<std::uint8_t>();
      bool row = false;
      if (opcode >= opcode_base_) {
        const int adjusted = opcode - opcode_base_;
        now_.address += static_cast<std::uint64_t>(adjusted / line_range_ * instruction_);
        now_.line += line_base_ + adjusted % line_range_;
        row = true;
      } else if (opcode == 0) {
        row = extended();
      } else {
        row = standard(opcode);
      }
      if (!row) continue;
      // What the linker dropped begins at 0.
      const bool covers =
          have_row_ && first_ != 0 && last_.address <= wanted && wanted < now_.address;
      if (covers && last_.file < files_.size()) {
        const std::string_view file = files_[last_.file];
        place.file = file.substr(file.rfind('/') + 1);
        place.line = static_cast<int>(last_.line);
        return true;
      }
      if (!have_row_) first_ = now_.address;
      have_row_ = true;
      last_ = now_;
      if (ended_) begin_sequence();
    }
    return false;
  }

  void begin_sequence() {
    now_ = {};
    have_row_ = false;
    ended_ = false;
  }

  bool extended() {
    const std::uint64_t length = in_.unsigned_leb();
    if (length == 0 || length > in_.left()) return false;
    const char* next = in_.at() + length;
    const auto opcode = in_.fixed<std::uint8_t>();
    if (opcode == 2) now_.address = in_.fixed<std::uint64_t>();
    ended_ = opcode == 1;
    in_.go_to(next);
    return ended_;
  }

  bool standard(int opcode) {
    switch (opcode) {
      case 1:
        return true;
      case 2:
        now_.address += in_.unsigned_leb() * instruction_;
        return false;
      case 3:
        now_.line += in_.signed_leb();
        return false;
      case 4:
        now_.file = in_.unsigned_leb();
        return false;
      case 8:
        now_.address +=
            static_cast<std::uint64_t>((255 - opcode_base_) / line_range_ * instruction_);
        return false;
      case 9:
        now_.address += in_.fixed<std::uint16_t>();
        return false;
      default:
        for (int i = 0; i < operands_[static_cast<std::size_t>(opcode)]; ++i) in_.unsigned_leb();
        return false;
    }
  }

  Reader in_;
  const char* end_;
  int instruction_ = 1;
  int line_base_ = 0;
  int line_range_ = 1;
  int opcode_base_ = 1;
  std::vector<std::uint8_t> operands_;
  std::vector<std::string_view> files_;
  Row now_;
  Row last_;
  std::uint64_t first_ = 0;
  bool have_row_ = false;
  bool ended_ = false;
};

Place find_in_table(Reader table, std::uint64_t address) {
  Place place;
  while (table.left() > 6) {
    std::uint64_t length = table.fixed<std::uint32_t>();
    const bool wide = length == 0xffffffff;
    if (wide) length = table.fixed<std::uint64_t>();
    if (length > table.left()) break;
    const char* end = table.at() + length;
    Reader unit(table.at(), end);
    const int version = unit.fixed<std::uint16_t>();
    const bool known = version >= 2 && version <= 4;
    if (known && LineProgram(unit, end).find(address, wide, version, place)) return place;
    table.go_to(end);
  }
  return place;
}

}  // namespace

Place line_of(const void* address) {
  // Findings come again and again while a case is shrunk, and tables of large programs are large.
  static std::map<const void*, Place> known;
  const auto before = known.find(address);
  if (before != known.end()) return before->second;
  Place place;
  Dl_info module = {};
  link_map* map = nullptr;
  if (dladdr1(address, &module, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0 &&
      map != nullptr) {
    const bool program = map->l_name == nullptr || *map->l_name == '\0';
    const ElfFile file(program ? "/proc/self/exe" : map->l_name);
    const auto loaded = reinterpret_cast<std::uintptr_t>(module.dli_fbase);
    const auto absolute = reinterpret_cast<std::uintptr_t>(address);
    place = find_in_table(file.section(".debug_line"),
                          file.relocatable() ? absolute - loaded : absolute);
  }
  known[address] = place;
  return place;
}

}  // namespace attest::simt::check
