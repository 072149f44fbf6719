#include "kernels/own_time.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <memory>

#include <fmt/format.h>

namespace attest::kernels {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

/// "R": it runs or could, "D": it waits for the disk. 0: there is no such thread any more.
char state_of(pid_t process, const char* thread) {
  const std::unique_ptr<std::FILE, CloseFile> file(
      std::fopen(fmt::format("/proc/{}/task/{}/stat", process, thread).c_str(), "re"));
  if (file == nullptr) return 0;
  std::array<char, 256> line{};
  if (std::fgets(line.data(), line.size(), file.get()) == nullptr) return 0;
  // The name before the state is the program's choice and may hold anything; it is short.
  const char* name_end = std::strrchr(line.data(), ')');
  return name_end != nullptr && name_end[1] == ' ' ? name_end[2] : 0;
}

bool wants_to_run(pid_t process) {
  const std::unique_ptr<DIR, CloseFolder> threads(
      opendir(fmt::format("/proc/{}/task", process).c_str()));
  if (threads == nullptr) return false;
  while (const dirent* thread = readdir(threads.get())) {
    if (thread->d_name[0] == '.') continue;
    const char state = state_of(process, thread->d_name);
    if (state == 'R' || state == 'D') return true;
  }
  return false;
}

}  // namespace

OwnTime::OwnTime(pid_t process, Clock::time_point start)
    : process_(process), last_(start), last_used_(used()) {}

std::chrono::nanoseconds OwnTime::look() {
  const Clock::time_point now = Clock::now();
  const std::chrono::nanoseconds all_used = used();
  const std::chrono::nanoseconds passed = now - last_;
  const bool kept_waiting = all_used - last_used_ < passed && wants_to_run(process_);
  own_ += kept_waiting ? all_used - last_used_ : passed;
  last_ = now;
  last_used_ = all_used;
  return own_;
}

std::chrono::nanoseconds OwnTime::used() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process_, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return last_used_;
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace attest::kernels
