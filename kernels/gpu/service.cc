#include "kernels/gpu/service.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "kernels/environment.h"

namespace attest::kernels::gpu {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kFolderVariable = "CUDA_MPS_PIPE_DIRECTORY";
constexpr int kStartMs = 10'000;
constexpr auto kEnd = std::chrono::seconds(20);
// Names of sockets in the folder have to fit into 107 bytes.
constexpr std::size_t kLongestFolder = 60;

// Starts the service of device $3 in folder $1, where its pid is in $2, says so, and ends it when
// its input does: when nobody is left of the processes that might use it. It has that to do
// whatever signal it gets.
constexpr const char* kKeeper = R"(
exec 2>/dev/null
trap 'rm -rf "$1"' EXIT
export CUDA_MPS_PIPE_DIRECTORY="$1" CUDA_MPS_LOG_DIRECTORY="$1"
[ -z "$3" ] || export CUDA_VISIBLE_DEVICES="$3"
nvidia-cuda-mps-control -d </dev/null >/dev/null || exit 1
trap '' HUP INT TERM PIPE
echo on
exec >/dev/null
read -r end
tell() { echo "$1" | timeout "$2" nvidia-cuda-mps-control; }
servers=$(tell get_server_list 2)
tell quit 8 || kill -9 $servers $(cat "$1/$2")
)";
constexpr const char* kPidFile = "nvidia-cuda-mps-control.pid";

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// The daemon of a folder; -1 when it cannot be told.
pid_t daemon_of(const fs::path& folder) {
  long pid = -1;
  std::ifstream(folder / kPidFile) >> pid;
  return pid > 1 ? static_cast<pid_t>(pid) : -1;
}

/// Whether a service of everybody's listens where these are. One that was killed leaves its files
/// behind.
bool one_listens() {
  constexpr sockaddr_un address{AF_UNIX, "/tmp/nvidia-mps/control"};
  struct stat status {};
  if (stat(address.sun_path, &status) != 0) return false;
  if (!S_ISSOCK(status.st_mode)) return true;
  const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool refused =
      file >= 0 &&
      connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
      errno == ECONNREFUSED;
  if (file >= 0) close(file);
  return !refused;
}

/// Empty where there is no room for one.
fs::path make_folder() {
  std::error_code error;
  fs::path parent = fs::temp_directory_path(error);
  if (error || !parent.is_absolute() || parent.native().size() > kLongestFolder) parent = "/tmp";
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
pid_t spawn_keeper(const fs::path& folder, const std::string& device, int input, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&how);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID);
  std::array<std::string, 7> words = {"sh",     "-c",  kKeeper, "attest-mps", folder.string(),
                                      kPidFile, device};
  std::array<char*, words.size() + 1> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
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

/// Waits for a keeper that is about to end, and no longer than is decent. What it leaves is
/// removed.
void bury(pid_t keeper, const fs::path& folder) {
  const Clock::time_point end = Clock::now() + kEnd;
  while (keeper > 0 && waitpid(keeper, nullptr, WNOHANG) == 0) {
    if (Clock::now() >= end) kill(-keeper, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (const pid_t daemon = daemon_of(folder); daemon > 0) kill(daemon, SIGKILL);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

}  // namespace

bool Service::runs_already() { return is_set(kFolderVariable) || one_listens(); }

std::unique_ptr<Service> Service::start(const std::string& device) {
  if (environment_says("ATTEST_MPS", "0") || runs_already()) return nullptr;
  Pipe lifeline, words;
  if (!lifeline.open() || !words.open()) return nullptr;
  fs::path folder = make_folder();
  if (folder.empty()) return nullptr;
  const pid_t keeper = spawn_keeper(folder, device, lifeline.ends[0], words.ends[1]);
  words.close_end(1);
  if (keeper > 0 && says_on(words.ends[0])) {
    return std::unique_ptr<Service>(
        new Service(std::move(folder), device, keeper, std::exchange(lifeline.ends[1], -1)));
  }
  lifeline.close_end(1);
  bury(keeper, folder);
  return nullptr;
}

Service::Service(fs::path folder, std::string device, pid_t keeper, int lifeline)
    : folder_(std::move(folder)),
      device_(std::move(device)),
      owner_(getpid()),
      keeper_(keeper),
      lifeline_(lifeline) {}

Service::~Service() {
  close(lifeline_);
  if (getpid() == owner_) bury(keeper_, folder_);
}

void Service::enter() const {
  setenv(kFolderVariable, folder_.c_str(), 1);
  if (!device_.empty()) setenv("CUDA_VISIBLE_DEVICES", device_.c_str(), 1);
}

bool Service::on() const { return !given_up_->load(); }

void Service::give_up() { given_up_->store(true); }

}  // namespace attest::kernels::gpu
