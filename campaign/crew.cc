#include "campaign/crew.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "campaign/elapsed.h"
#include "campaign/interrupt.h"
#include "campaign/run/journal.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

constexpr auto kTick = std::chrono::milliseconds(150);
// A lane at the end of a case needs no longer, unless its kernel hangs; nobody waits for that.
constexpr auto kGrace = std::chrono::seconds(3);
constexpr int kInternalExit = 70;

struct Lane {
  pid_t pid = -1;
  int fd = -1;
  std::string received;
  std::optional<std::string> error;  ///< what it threw
  bool system_error = false;         ///< and that was the environment's fault
};

void write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(kInternalExit);  // the supervisor is gone
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

/// Frames: one byte of kind, four of length, the message.
void write_frame(int fd, char kind, std::string_view message) {
  std::string frame(5, kind);
  const auto size = static_cast<std::uint32_t>(message.size());
  std::memcpy(frame.data() + 1, &size, sizeof size);
  frame.append(message);
  write_all(fd, frame.data(), frame.size());
}

std::filesystem::path journal_path(const std::filesystem::path& folder, int lane) {
  return folder / fmt::format("lane-{}.journal", lane);
}

/// The journal of a lane, or none.
std::unique_ptr<Journal> open_journal(const CrewOptions& options, int lane) {
  if (!options.journals) return nullptr;
  return std::make_unique<Journal>(journal_path(*options.journals, lane));
}

void keep(Journal* journal, char tag, std::string_view message) {
  if (journal == nullptr) return;
  std::string record(1, tag);
  record.append(message);
  journal->append(record);
}

[[noreturn]] void live_as_lane(int index, int fd, pid_t supervisor, const CrewOptions& options,
                               const std::function<void(const Channel&)>& body) {
  // Ctrl-C and timeout(1) signal the whole group; only the supervisor decides what that means.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(kInternalExit);
  try {
    const std::unique_ptr<Journal> journal = open_journal(options, index);
    body(Channel(index, [&](char kind, std::string_view text) {
      keep(journal.get(), options.tag, text);
      write_frame(fd, kind, text);
    }));
  } catch (const SystemError& error) {
    write_frame(fd, 'S', error.what());
    _exit(kInternalExit);
  } catch (const std::exception& error) {
    write_frame(fd, 'E', error.what());
    _exit(kInternalExit);
  }
  // No exit(): the parent's buffers and objects are not this process's to flush and destroy.
  _exit(0);
}

class Crew {
 public:
  Crew(const CrewOptions& options, const std::function<void(const Channel&)>& body)
      : options_(options) {
    // Buffered text would otherwise be printed by every child that exits through stdio.
    std::fflush(nullptr);
    const pid_t self = getpid();
    for (int i = 0; i < options.lanes; ++i) start(i, self, body);
  }

  ~Crew() {
    for (Lane& lane : lanes_) {
      if (lane.pid > 0) {
        kill(lane.pid, SIGKILL);
        waitpid(lane.pid, nullptr, 0);
      }
      if (lane.fd >= 0) close(lane.fd);
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void supervise() {
    Clock::time_point next_tick = Clock::now();
    while (open_lanes() > 0) {
      wait_for_messages();
      const Clock::time_point now = Clock::now();
      if (now >= next_tick) {
        if (options_.on_tick) options_.on_tick();
        next_tick = now + kTick;
      }
      if (!handle_interrupts(now)) return;
    }
  }

 private:
  void start(int index, pid_t self, const std::function<void(const Channel&)>& body) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      throw SystemError(fmt::format("no pipe for a lane: {}", std::strerror(errno)));
    }
    const pid_t pid = fork();
    if (pid < 0) {
      const int why = errno;
      close(ends[0]);
      close(ends[1]);
      throw SystemError(fmt::format("no process for a lane: {}", std::strerror(why)));
    }
    if (pid == 0) {
      close(ends[0]);
      for (const Lane& other : lanes_) close(other.fd);
      live_as_lane(index, ends[1], self, options_, body);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    lanes_.push_back({pid, ends[0], {}, std::nullopt});
  }

  std::size_t open_lanes() const {
    std::size_t count = 0;
    for (const Lane& lane : lanes_) count += lane.fd >= 0 ? 1 : 0;
    return count;
  }

  void wait_for_messages() {
    std::vector<pollfd> waits;
    for (const Lane& lane : lanes_) waits.push_back({lane.fd, POLLIN, 0});  // fd -1 is passed over
    if (poll(waits.data(), waits.size(), static_cast<int>(kTick.count())) <= 0) return;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (waits[i].revents != 0) receive(static_cast<int>(i));
    }
  }

  void receive(int index) {
    Lane& lane = lanes_[static_cast<std::size_t>(index)];
    char buffer[1 << 16];
    while (true) {
      const ssize_t n = read(lane.fd, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) break;  // nothing more for now
      if (n == 0) {
        deliver(lane);
        bury(index);
        return;
      }
      lane.received.append(buffer, static_cast<std::size_t>(n));
    }
    deliver(lane);
  }

  void deliver(Lane& lane) {
    std::size_t at = 0;
    while (lane.received.size() - at >= 5) {
      std::uint32_t size = 0;
      std::memcpy(&size, lane.received.data() + at + 1, sizeof size);
      if (lane.received.size() - at - 5 < size) break;
      const std::string_view message = std::string_view(lane.received).substr(at + 5, size);
      if (lane.received[at] != 'M') {
        lane.error = std::string(message);
        lane.system_error = lane.received[at] == 'S';
      } else {
        options_.on_message(message);
      }
      at += 5 + size;
    }
    lane.received.erase(0, at);
  }

  /// The lane closed its pipe: it ended, one way or another.
  void bury(int index) {
    Lane& lane = lanes_[static_cast<std::size_t>(index)];
    close(lane.fd);
    lane.fd = -1;
    int status = 0;
    while (waitpid(lane.pid, &status, 0) < 0 && errno == EINTR) {
    }
    lane.pid = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    if (lane.system_error) throw SystemError(*lane.error);
    const std::string how =
        lane.error ? *lane.error
        : WIFSIGNALED(status)
            ? fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)))
            : fmt::format("exit code {}", WEXITSTATUS(status));
    const std::string doing = options_.describe ? options_.describe(index) : std::string();
    throw ContractError(fmt::format("internal error in a lane{}{}: {}",
                                    doing.empty() ? "" : " while running ", doing, how));
  }

  /// False when the lanes had their time and are to be given up.
  bool handle_interrupts(Clock::time_point now) {
    const int count = interruptions();
    if (count == 0) return true;
    if (!give_up_) {
      give_up_ = now + kGrace;
      if (options_.on_interrupt) options_.on_interrupt();
    }
    return count < 2 && now < *give_up_;
  }

  const CrewOptions& options_;
  std::vector<Lane> lanes_;
  std::optional<Clock::time_point> give_up_;
};

}  // namespace

void read_journals(const std::filesystem::path& folder, int lanes,
                   const std::function<void(char tag, std::string_view message)>& visit) {
  for (int lane = 0; lane < lanes; ++lane) {
    Journal::read(journal_path(folder, lane), [&](std::string_view record, std::size_t) {
      if (!record.empty()) visit(record.front(), record.substr(1));
    });
  }
}

void run_crew(const CrewOptions& options, const std::function<void(const Channel&)>& body) {
  if (options.inline_lane) {
    const std::unique_ptr<Journal> journal = open_journal(options, 0);
    body(Channel(0, [&](char, std::string_view message) {
      keep(journal.get(), options.tag, message);
      options.on_message(message);
    }));
    return;
  }
  Crew(options, body).supervise();
}

}  // namespace attest::campaign
