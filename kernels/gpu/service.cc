#include "kernels/gpu/service.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include <sys/wait.h>

namespace attest::kernels::gpu {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kFolderVariable = "CUDA_MPS_PIPE_DIRECTORY";
constexpr int kStartMs = 10'000;
constexpr auto kEnd = std::chrono::seconds(20);
// Names of sockets in the folder have to fit into 107 bytes.
constexpr std::size_t kLongestFolder = 60;

// Starts the service in folder $1, says so, and ends it when its input does: when nobody is left of
// the processes that might use it. It ignores Ctrl-C, which goes to its whole group.
constexpr const char* kKeeper = R"(
trap '' HUP INT TERM PIPE
trap 'rm -rf "$1"' EXIT
export CUDA_MPS_PIPE_DIRECTORY="$1" CUDA_MPS_LOG_DIRECTORY="$1"
nvidia-cuda-mps-control -d </dev/null >/dev/null 2>&1 || exit 1
echo on
exec >/dev/null 2>&1
read -r end
tell() { echo "$1" | timeout "$2" nvidia-cuda-mps-control; }
servers=$(tell get_server_list 2)
tell quit 8 || kill -9 $servers $(cat "$1/nvidia-cuda-mps-control.pid")
)";

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool forbidden() {
  const char* value = std::getenv("ATTEST_MPS");
  return value != nullptr && std::string_view(value) == "0";
}

/// A service that somebody else runs serves kernel processes as it is.
bool is_served_already() {
  std::error_code ignored;
  return is_set(kFolderVariable) || fs::exists("/tmp/nvidia-mps/control", ignored);
}

/// Empty where there is no room for one.
fs::path make_folder() {
  std::error_code error;
  fs::path parent = fs::temp_directory_path(error);
  if (error || parent.native().size() > kLongestFolder) parent = "/tmp";
  std::string name = (parent / "attest-mps-XXXXXX").string();
  return mkdtemp(name.data()) != nullptr ? fs::path(name) : fs::path();
}

struct Pipe {
  std::array<int, 2> ends = {-1, -1};
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  bool open() { return pipe2(ends.data(), O_CLOEXEC) == 0; }
  void close_end(std::size_t end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
};

/// The keeper, in a session of its own; -1 where there is no process left.
pid_t spawn_keeper(const fs::path& folder, int input, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&how);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID);
  std::string shell = "sh", option = "-c", script = kKeeper, name = "attest-mps",
              argument = folder.string();
  const std::array<char*, 6> arguments = {shell.data(), option.data(),   script.data(),
                                          name.data(),  argument.data(), nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, "/bin/sh", &files, &how, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&how);
  return error == 0 ? pid : -1;
}

bool says_on(int output) {
  pollfd ready{output, POLLIN, 0};
  char byte = 0;
  while (poll(&ready, 1, kStartMs) < 0 && errno == EINTR) {
  }
  return (ready.revents & POLLIN) != 0 && read(output, &byte, 1) == 1;
}

/// Waits for a process that is about to end, and no longer than is decent.
void bury(pid_t pid) {
  const Clock::time_point end = Clock::now() + kEnd;
  while (waitpid(pid, nullptr, WNOHANG) == 0) {
    if (Clock::now() >= end) kill(-pid, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

struct Service::State {
  std::atomic<bool> given_up{false};
};

std::unique_ptr<Service> Service::start() {
  if (forbidden() || is_served_already()) return nullptr;
  Pipe lifeline, words;
  if (!lifeline.open() || !words.open()) return nullptr;
  fs::path folder = make_folder();
  if (folder.empty()) return nullptr;
  const pid_t keeper = spawn_keeper(folder, lifeline.ends[0], words.ends[1]);
  words.close_end(1);
  if (keeper > 0 && says_on(words.ends[0])) {
    return std::unique_ptr<Service>(
        new Service(std::move(folder), keeper, std::exchange(lifeline.ends[1], -1)));
  }
  lifeline.close_end(1);
  if (keeper > 0) bury(keeper);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return nullptr;
}

Service::Service(fs::path folder, pid_t keeper, int lifeline)
    : folder_(std::move(folder)),
      owner_(getpid()),
      keeper_(keeper),
      lifeline_(lifeline),
      state_(std::make_unique<SharedObject<State>>()) {}

Service::~Service() {
  close(lifeline_);
  if (getpid() != owner_) return;
  bury(keeper_);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Service::enter() const {
  setenv(kFolderVariable, folder_.c_str(), 1);
  // The service was started with it and shows what it names: numbered anew.
  unsetenv("CUDA_VISIBLE_DEVICES");
}

bool Service::on() const { return !(*state_)->given_up.load(); }

void Service::give_up() { (*state_)->given_up.store(true); }

}  // namespace attest::kernels::gpu
