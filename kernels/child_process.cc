#include "kernels/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "problem/errors.h"

namespace attest::kernels {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void refuse(const char* what) {
  throw SystemError(
      fmt::format("cannot start a kernel process: {}: {}", what, std::strerror(errno)));
}

void close_if_open(int& file) {
  if (file >= 0) close(file);
  file = -1;
}

bool wants_kernel_output() {
  const char* value = std::getenv("ATTEST_KERNEL_OUTPUT");
  return value != nullptr && std::string_view(value) == "1";
}

// Closes all files from `first` on but `keep_a` and `keep_b`.
void close_other_files(int first, int keep_a, int keep_b) {
  const auto close_from_to = [](int from, int to) {
    if (from > to) return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, from, to, 0) == 0) return;
#endif
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 16));
    for (int file = from; file <= to && file < end; ++file) close(file);
  };
  const int low = std::min(keep_a, keep_b);
  const int high = std::max(keep_a, keep_b);
  close_from_to(first, low - 1);
  close_from_to(std::max(first, low + 1), high - 1);
  close_from_to(std::max(first, high + 1), 0x7fffffff);
}

void silence(bool keep_output) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  dup2(null, STDIN_FILENO);
  if (!keep_output) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  if (null > STDERR_FILENO) close(null);
}

void leave_at_once(int status, void*) { _exit(status); }

void become_child(pid_t parent, bool keep_output) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);  // it died before it could be watched
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  silence(keep_output);
  // A kernel that calls exit() must not flush the parent's half-written files a second time.
  // Handlers run last first: those a plug-in adds still run, the parent's do not.
  on_exit(leave_at_once, nullptr);
}

}  // namespace

ChildProcess::ChildProcess(const Body& body) {
  int commands[2];
  int replies[2];
  if (pipe2(commands, O_CLOEXEC) != 0) refuse("pipe");
  if (pipe2(replies, O_CLOEXEC) != 0) {
    close(commands[0]);
    close(commands[1]);
    refuse("pipe");
  }
  const bool keep_output = wants_kernel_output();
  if (keep_output) std::fflush(nullptr);
  parent_ = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    become_child(parent_, keep_output);
    close_other_files(3, commands[0], replies[1]);
    try {
      body(commands[0], replies[1]);
    } catch (...) {
      _exit(70);
    }
    _exit(0);
  }
  close(replies[1]);
  commands_ = commands[1];
  commands_reader_ = commands[0];
  replies_ = replies[0];
  if (pid_ < 0) {
    close_if_open(commands_);
    close_if_open(commands_reader_);
    close_if_open(replies_);
    refuse("fork");
  }
  setpgid(pid_, pid_);  // the child does it too: whoever comes first
}

ChildProcess::~ChildProcess() {
  if (!reaped_ && is_mine()) finish(Milliseconds(0));
  close_if_open(commands_);
  close_if_open(commands_reader_);
  close_if_open(replies_);
}

bool ChildProcess::is_mine() const { return getpid() == parent_; }

void ChildProcess::send(const void* bytes, std::size_t count) {
  if (!write_all(commands_, bytes, count)) {
    throw SystemError(fmt::format("cannot write to a kernel process: {}", std::strerror(errno)));
  }
}

ChildProcess::Received ChildProcess::receive(void* bytes, std::size_t capacity, std::size_t* count,
                                             Milliseconds timeout) {
  // In slices: a process that the kernel forked may keep the pipe open when the child is long dead.
  constexpr std::int64_t kSlice = 200;
  *count = 0;
  const Clock::time_point end = Clock::now() + timeout;
  std::int64_t wait = std::min<std::int64_t>(kSlice, timeout.count());
  for (;;) {
    pollfd ready{replies_, POLLIN, 0};
    const int events = poll(&ready, 1, static_cast<int>(wait));
    if (events > 0) {
      const ssize_t got = read(replies_, bytes, capacity);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return Received::kEnd;
      *count = static_cast<std::size_t>(got);
      return Received::kBytes;
    }
    if (events == 0 && try_reap()) return Received::kEnd;
    const auto left = std::chrono::ceil<Milliseconds>(end - Clock::now()).count();
    if (left <= 0) return Received::kTimeout;
    wait = std::min<std::int64_t>(kSlice, left);
  }
}

// Takes the status of a process that ended, and with it the rest of its group.
bool ChildProcess::try_reap() {
  if (reaped_) return true;
  siginfo_t info{};
  // First look, then reap: as long as it is a zombie, its group cannot become somebody else's.
  int result = 0;
  while ((result = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT)) !=
             0 &&
         errno == EINTR) {
  }
  if (result == 0 && info.si_pid == 0) return false;
  if (result == 0) {
    kill(-pid_, SIGKILL);
    pid_t got = 0;
    while ((got = waitpid(pid_, &status_, 0)) < 0 && errno == EINTR) {
    }
    status_known_ = got == pid_;
  }
  reaped_ = true;  // or somebody else (SIGCHLD ignored) did it
  return true;
}

void ChildProcess::kill_group() {
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
}

std::string ChildProcess::finish(Milliseconds grace) {
  const auto wait_until = [this](Clock::time_point end) {
    for (auto nap = std::chrono::microseconds(20); !try_reap();) {
      if (Clock::now() >= end) return false;
      std::this_thread::sleep_for(nap);
      nap = std::min(nap * 2, std::chrono::microseconds(5000));
    }
    return true;
  };
  if (!wait_until(Clock::now() + grace)) {
    kill_group();
    wait_until(Clock::now() + std::chrono::seconds(5));  // in an uninterruptible sleep: left behind
    reaped_ = true;
    return "";
  }
  if (!status_known_) return "for a reason unknown";
  if (WIFSIGNALED(status_)) {
    const int number = WTERMSIG(status_);
    const char* name = sigdescr_np(number);
    return fmt::format("signal {} ({})", number, name != nullptr ? name : "unknown");
  }
  return fmt::format("exit code {}", WEXITSTATUS(status_));
}

bool read_all(int file, void* bytes, std::size_t count) {
  auto* next = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = read(file, next, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(int file, const void* bytes, std::size_t count) {
  const auto* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t got = write(file, next, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace attest::kernels
