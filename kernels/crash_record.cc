#include "kernels/crash_record.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <string_view>
#include <ucontext.h>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kernels/symbols.h"
#include "kernels/text.h"

namespace attest::kernels {
namespace {

constexpr std::array<int, 7> kDeadly = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
constexpr std::size_t kHandlerStack = std::size_t{64} << 10;
// A fault this close to the stack pointer is one of the stack.
constexpr std::uint64_t kNearStack = std::uint64_t{64} << 10;
constexpr std::uint64_t kLargeFrame = std::uint64_t{1} << 20;
constexpr std::size_t kMostShown = 8;

CrashRecord* g_record = nullptr;
void (*g_wake)() = nullptr;

struct Registers {
  std::uint64_t pc = 0;
  std::uint64_t stack_pointer = 0;
  Fault::Access access = Fault::Access::kUnknown;
};

Registers registers_of(int signal, const void* context) {
  Registers out;
  const auto* user = static_cast<const ucontext_t*>(context);
#if defined(__x86_64__)
  constexpr greg_t kWrite = 2;
  constexpr greg_t kFetch = 16;
  const auto& registers = user->uc_mcontext.gregs;
  out.pc = static_cast<std::uint64_t>(registers[REG_RIP]);
  out.stack_pointer = static_cast<std::uint64_t>(registers[REG_RSP]);
  if (signal == SIGSEGV || signal == SIGBUS) {
    const greg_t error = registers[REG_ERR];
    out.access = (error & kFetch) != 0   ? Fault::Access::kExecute
                 : (error & kWrite) != 0 ? Fault::Access::kWrite
                                         : Fault::Access::kRead;
  }
#elif defined(__aarch64__)
  out.pc = user->uc_mcontext.pc;
  out.stack_pointer = user->uc_mcontext.sp;
  (void)signal;
#else
  (void)user, (void)signal;
#endif
  return out;
}

void add_frame(std::uint64_t pc) {
  const std::int32_t index = g_record->frames.load(std::memory_order_relaxed);
  if (index >= CrashRecord::kMaxFrames) return;
  CrashRecord::Frame& frame = g_record->frame[index];
  frame.address = pc;
  frame.file[0] = '\0';
  dl_find_object object;
  if (_dl_find_object(reinterpret_cast<void*>(pc), &object) == 0 &&
      object.dlfo_link_map != nullptr) {
    frame.address = pc - object.dlfo_link_map->l_addr;
    const char* name = object.dlfo_link_map->l_name;
    std::size_t at = 0;
    for (; name != nullptr && name[at] != '\0' && at + 1 < sizeof(frame.file); ++at) {
      frame.file[at] = name[at];
    }
    frame.file[at] = '\0';
  } else {
    frame.address = 0;  // code nowhere: a jump into the void
  }
  g_record->frames.store(index + 1, std::memory_order_relaxed);
}

void walk_stack(std::uint64_t pc) {
  std::array<void*, CrashRecord::kMaxFrames + 4> pcs{};
  add_frame(pc);
  // The unwinder may fall over a broken stack. By then the signal, the address and this frame are
  // on record, and a second signal kills at once.
  const int count = backtrace(pcs.data(), static_cast<int>(pcs.size()));
  const auto end = pcs.begin() + std::max(count, 0);
  const auto here = std::find(pcs.begin(), end, reinterpret_cast<void*>(pc));
  // Not found: the first two are the handler and what the kernel put under it.
  const auto first = here != end ? here + 1 : pcs.begin() + std::min(count, 2);
  // Return addresses: the call is before them.
  for (auto next = first; next < end; ++next) {
    add_frame(reinterpret_cast<std::uint64_t>(*next) - 1);
  }
}

void on_signal(int signal, siginfo_t* info, void* context) {
  const int refused = errno;
  std::int32_t none = 0;
  // Of several threads that crash at once the first one speaks.
  if (g_record->signal.compare_exchange_strong(none, signal)) {
    const Registers registers = registers_of(signal, context);
    g_record->code = info->si_code;
    g_record->address = reinterpret_cast<std::uint64_t>(info->si_addr);
    g_record->stack_pointer = registers.stack_pointer;
    g_record->access = static_cast<std::int32_t>(registers.access);
    g_record->out_of_memory = refused == ENOMEM ? 1 : 0;
    walk_stack(registers.pc);
  }
  if (signal == SIGQUIT) {
    errno = refused;
    return;
  }
  g_wake();
  // SA_RESETHAND: the default action, and the parent sees the very signal.
  raise(signal);
}

/// Of the main thread, about: what pthread_getattr_np() says exactly it reads out of a file that is
/// as long as there are mappings.
std::uint64_t lowest_of_stack() {
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  return here > limit.rlim_cur ? here - limit.rlim_cur : 0;
}

bool overflowed(const CrashRecord& record) {
  if (record.signal != SIGSEGV || record.code <= 0) return false;
  const std::uint64_t sp = record.stack_pointer;
  const std::uint64_t distance = record.address > sp ? record.address - sp : sp - record.address;
  if (distance <= kNearStack) return true;
  // Or a frame so large that its first use is far below the stack pointer.
  return record.stack_bottom != 0 && record.address < sp &&
         sp < record.stack_bottom + kLargeFrame && distance < 16 * kLargeFrame;
}

/// attest calls the kernel from here: what lies below is of no interest.
bool is_own(std::string_view function) {
  return function.starts_with("attest::kernels::KernelObject::") ||
         function.starts_with("attest::kernels::run_one") ||
         function.starts_with("attest::kernels::guarded") ||
         function.starts_with("attest::kernels::serve");
}

std::string frame_text(const CrashRecord::Frame& frame, Symbols& symbols) {
  if (frame.address == 0) return "code that is no code";
  const std::string file(frame.file, strnlen(frame.file, sizeof(frame.file)));
  const std::string name = symbols.describe(file, frame.address);
  return name;
}

}  // namespace

void CrashRecord::clear() {
  frames.store(0, std::memory_order_relaxed);
  signal.store(0, std::memory_order_relaxed);
}

Fault understand(const CrashRecord& record, Symbols& symbols) {
  Fault fault;
  const std::int32_t signal = record.signal.load();
  if (signal == 0) return fault;
  const std::int32_t access = record.access;
  if (access >= 0 && access <= static_cast<std::int32_t>(Fault::Access::kExecute)) {
    fault.access = static_cast<Fault::Access>(access);
  }
  fault.stack_overflow = overflowed(record);
  // Of a signal that was sent there is no address, nor of one that no memory can have.
  fault.has_address = (signal == SIGSEGV || signal == SIGBUS) && record.code > 0 &&
                      record.code != SI_KERNEL && !fault.stack_overflow;
  fault.address = record.address;
  fault.out_of_memory = record.out_of_memory != 0;
  const int frames = std::clamp(record.frames.load(), 0, CrashRecord::kMaxFrames);
  for (int i = 0; i < frames && fault.stack.size() < kMostShown; ++i) {
    std::string text = frame_text(record.frame[i], symbols);
    if (is_own(text)) break;
    // A recursion is one line.
    const auto function = [](std::string_view line) { return line.substr(0, line.find('+')); };
    if (!fault.stack.empty() && function(fault.stack.back()) == function(text)) continue;
    fault.stack.push_back(std::move(text));
  }
  return fault;
}

void record_crashes(CrashRecord* record, void (*wake)()) {
  g_record = record;
  g_wake = wake;
  record->stack_bottom = lowest_of_stack();
  // Its first call loads the unwinder; in a signal handler it must not.
  std::array<void*, 2> warm{};
  backtrace(warm.data(), static_cast<int>(warm.size()));

  // The handler must run when the stack is what overflowed.
  void* memory =
      mmap(nullptr, kHandlerStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kHandlerStack;
  if (memory != MAP_FAILED) sigaltstack(&stack, nullptr);

  struct sigaction action {};
  action.sa_sigaction = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
  for (const int signal : kDeadly) sigaction(signal, &action, nullptr);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigaction(SIGQUIT, &action, nullptr);
}

}  // namespace attest::kernels
