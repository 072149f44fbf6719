#include "kernels/worker.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <malloc.h>
#include <optional>
#include <unistd.h>

#include <sys/resource.h>

#include "kernels/child_process.h"

namespace attest::kernels {
namespace {

constexpr auto kForever = std::chrono::hours(24);
constexpr std::size_t kDirtyStack = 8192;

Mailbox* g_mailbox = nullptr;

class Line {
 public:
  Line(Mailbox& mailbox, std::int64_t patience)
      : mailbox_(mailbox), patience_(std::chrono::nanoseconds(patience)), self_(getpid()) {}

  Command hear() {
    while (!mailbox_.commands.wait(heard_, patience_, kForever)) {
    }
    heard_ = mailbox_.commands.rings();
    return mailbox_.command;
  }

  void say(Stage stage, std::uint64_t sequence, const Answer& answer) {
    // A kernel that forked comes back twice; only one of the two speaks.
    if (getpid() != self_) _exit(0);
    mailbox_.reply = {Reply::kMagic, stage, sequence, answer};
    mailbox_.replies.ring();
  }

 private:
  Mailbox& mailbox_;
  Patience patience_;
  pid_t self_;
  std::uint32_t heard_ = 0;
};

/// What the process may allocate from here on. Shared memory does not count.
void limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  unsigned long long data = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*u %*u %*u %*u %*u %llu", &data) != 1) data = 0;
    std::fclose(file);
  }
  if (data == 0) return;
  const rlim_t limit = data * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + bytes;
  const rlimit both{limit, limit};
  setrlimit(RLIMIT_DATA, &both);
}

/// Fills what the kernel's frames will lie on.
[[gnu::noinline]] void dirty_stack(int byte) {
  std::array<char, kDirtyStack> frame;
  std::memset(frame.data(), byte, frame.size());
  asm volatile("" : : "r"(frame.data()) : "memory");  // somebody might look
}

/// Memory that nobody has written holds numbers that show, and the same ones whenever the case is
/// run: one large (3.4e38 as f32, NaN as f16), or ordinary (-0.37, 12).
class Dirt {
 public:
  void spread(std::uint64_t noise) {
    const int freed = noise % 2 == 0 ? 0x80 : 0x41;
    const int fresh = freed ^ 0xff;  // what malloc makes of it
#ifdef M_PERTURB
    if (freed != freed_) mallopt(M_PERTURB, freed);
#endif
    freed_ = freed;
    dirty_stack(fresh);
  }

 private:
  int freed_ = 0;
};

}  // namespace

void serve(const std::string& library, const std::string& name, Mailbox& mailbox,
           const Arena& arena, std::int64_t patience, std::uint64_t memory_limit) {
  g_mailbox = &mailbox;
  record_crashes(&mailbox.crash, [] { g_mailbox->replies.ring(); });
  limit_memory(memory_limit);
  Line line(mailbox, patience);
  std::optional<KernelObject> kernel;
  try {
    kernel.emplace(library, name, &mailbox.defect_mark, arena);
  } catch (const std::exception& error) {
    Answer why;
    why.status = ATTEST_FAILED;
    std::strncpy(why.message, error.what(), sizeof(why.message) - 1);
    line.say(Stage::kCannotLoad, 0, why);
    return;
  }
  mailbox.loaded = 1;
  const Answer created = kernel->create();
  line.say(Stage::kCreated, 0, created);
  if (created.status != ATTEST_OK) return;
  Dirt dirt;
  for (Command command = line.hear(); command.operation != Operation::kQuit;
       command = line.hear()) {
    forget_words();
    dirt.spread(command.noise);
    errno = 0;
    line.say(
        Stage::kCalled, command.sequence,
        kernel->call(command.operation, command.argument, command.schedule, command.device_mode));
  }
  kernel->destroy();
}

}  // namespace attest::kernels
