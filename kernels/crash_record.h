// What a dying kernel process says about its death: a signal handler in the child fills a record in
// memory that the parent reads afterwards. Nothing here allocates or locks on the child's side.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace attest::kernels {

class Symbols;

/// In shared memory. Whoever reads it trusts nothing: the kernel can scribble here too.
struct CrashRecord {
  static constexpr int kMaxFrames = 32;
  struct Frame {
    std::uint64_t address;  ///< as in its file, before relocation
    char file[200];         ///< of the library; empty: the program itself
  };
  std::atomic<std::int32_t> signal{0};  ///< set first; 0: nothing happened
  std::int32_t code = 0;                ///< si_code
  std::uint64_t address = 0;            ///< si_addr
  std::uint64_t stack_pointer = 0;
  std::uint64_t stack_bottom = 0;  ///< of the thread that serves calls, lowest address
  std::int32_t access = 0;         ///< Fault::Access
  std::int32_t out_of_memory = 0;  ///< the last thing the system refused was memory
  std::atomic<std::int32_t> frames{0};
  Frame frame[kMaxFrames] = {};

  void clear();
};

/// A crash record, understood.
struct Fault {
  enum class Access : std::uint8_t { kUnknown, kRead, kWrite, kExecute };
  Access access = Access::kUnknown;
  bool has_address = false;  ///< of memory that could not be accessed
  std::uint64_t address = 0;
  bool stack_overflow = false;
  bool out_of_memory = false;
  /// Innermost first, attest's own frames left out: "attend_row+0x4f (libmine.so)"; printable.
  std::vector<std::string> stack;
};
Fault understand(const CrashRecord& record, Symbols& symbols);

/// In the child: from now on a signal that kills it fills `record` and then kills it as it would
/// have, after `wake` was called. SIGQUIT fills the record and lets the process live: the parent
/// sends it to one that hangs. Other threads of the kernel are covered as long as their stacks are.
void record_crashes(CrashRecord* record, void (*wake)());

}  // namespace attest::kernels
