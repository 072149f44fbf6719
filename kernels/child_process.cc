#include "kernels/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kernels/environment.h"
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

// Closes all files from `first` on but `keep`.
void close_other_files(int first, int keep) {
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
  close_from_to(first, keep - 1);
  close_from_to(std::max(first, keep + 1), 0x7fffffff);
}

// A file that takes kMaxWords bytes and no more: a kernel that writes without end must not fill the
// memory. -1 where the system has none.
int make_words_file() {
#ifdef F_ADD_SEALS
  const int file = memfd_create("attest_kernel_stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -1;
  if (ftruncate(file, ChildProcess::kMaxWords) != 0 ||
      fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
    close(file);
    return -1;
  }
  return file;
#else
  return -1;
#endif
}

void silence(bool keep_output, int words) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  dup2(null, STDIN_FILENO);
  if (!keep_output) {
    dup2(null, STDOUT_FILENO);
    dup2(words >= 0 ? words : null, STDERR_FILENO);
  }
  if (null > STDERR_FILENO) close(null);
}

void leave_at_once(int status, void*) { _exit(status); }

void become_child(pid_t parent, bool keep_output, int words) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);  // it died before it could be watched
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  silence(keep_output, words);
  // A kernel that calls exit() must not flush the parent's half-written files a second time.
  // Handlers run last first: those a plug-in adds still run, the parent's do not.
  on_exit(leave_at_once, nullptr);
}

}  // namespace

ChildProcess::ChildProcess(const Body& body, Link link) {
  int replies[2] = {-1, -1};
  if (link == Link::kPipe && pipe2(replies, O_CLOEXEC) != 0) refuse("pipe");
  const bool keep_output = environment_says("ATTEST_KERNEL_OUTPUT", "1");
  if (keep_output) {
    std::fflush(nullptr);
  } else {
    words_ = make_words_file();
  }
  parent_ = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    become_child(parent_, keep_output, words_);
    close_other_files(3, replies[1]);
    try {
      body(replies[1]);
    } catch (...) {
      _exit(70);
    }
    _exit(0);
  }
  close_if_open(replies[1]);
  replies_ = replies[0];
  if (pid_ < 0) {
    const int why = errno;
    close_if_open(replies_);
    close_if_open(words_);
    errno = why;
    refuse("fork");
  }
  setpgid(pid_, pid_);  // the child does it too: whoever comes first
}

ChildProcess::~ChildProcess() {
  if (!reaped_ && is_mine()) finish(Milliseconds(0));
  close_if_open(replies_);
  close_if_open(words_);
}

bool ChildProcess::is_mine() const { return getpid() == parent_; }

void ChildProcess::signal(int number) {
  if (!reaped_) kill(pid_, number);
}

std::string ChildProcess::last_words() const {
  if (words_ < 0) return {};
  // The offset is one with the child's: it says how much was written.
  const off_t end = lseek(words_, 0, SEEK_CUR);
  if (end <= 0) return {};
  std::string words(std::min(static_cast<std::size_t>(end), kMaxWords), '\0');
  const ssize_t got = pread(words_, words.data(), words.size(), 0);
  words.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return words;
}

void forget_words() { lseek(STDERR_FILENO, 0, SEEK_SET); }

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
