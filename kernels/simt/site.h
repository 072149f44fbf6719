// Where a device function was called: `Site site = Site()` as a last parameter.
#pragma once

namespace attest::simt {

struct Site {
  const char* file;
  int line;
  // Default arguments of a constructor: g++ and clang then give the outermost call, not this line.
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr Site(const char* called_in = __builtin_FILE(), int called_at = __builtin_LINE())
      : file(called_in), line(called_at) {}
};

/// The same place. Literals of one file are merged by the linker, so the pointer decides.
constexpr bool same(const Site& a, const Site& b) { return a.line == b.line && a.file == b.file; }

}  // namespace attest::simt
