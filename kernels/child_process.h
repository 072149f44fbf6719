// A forked process that answers over a pipe and that nothing it does can hang or confuse its
// parent.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include <sys/types.h>

namespace attest::kernels {

using Milliseconds = std::chrono::milliseconds;

/// Not thread-safe. The child dies with the thread that forked it.
class ChildProcess {
 public:
  /// What the child runs; `commands` is read, `replies` is written. Its return ends the child with
  /// exit code 0. In the child: a process group of its own, signals as by default, no file of the
  /// parent's open, stdin empty, stdout and stderr silent unless ATTEST_KERNEL_OUTPUT=1, exit()
  /// runs none of the parent's handlers.
  using Body = std::function<void(int commands, int replies)>;

  /// Throws SystemError when the system has no process or pipe left.
  explicit ChildProcess(const Body& body);
  ~ChildProcess();  ///< kills the process and its group
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// At most PIPE_BUF bytes. A child that is gone is noticed by receive().
  void send(const void* bytes, std::size_t count);

  enum class Received { kBytes, kEnd, kTimeout };
  /// Waits for bytes and takes what is there, up to `capacity`; what was written at once (up to
  /// PIPE_BUF bytes) arrives at once. kEnd: the child ended or closed its pipe.
  Received receive(void* bytes, std::size_t capacity, std::size_t* count, Milliseconds timeout);

  /// Waits up to `grace` for the process to end by itself, then kills it. Afterwards the object is
  /// of no use. Returns how it ended: "signal 11 (Segmentation fault)", "exit code 3", or "" when
  /// it had to be killed.
  std::string finish(Milliseconds grace);

  /// False in a fork of the parent, whose copy of this object leaves the process alone.
  bool is_mine() const;

 private:
  bool try_reap();
  void kill_group();

  pid_t parent_ = -1;
  pid_t pid_ = -1;
  bool reaped_ = false;
  int status_ = 0;
  bool status_known_ = false;
  int commands_ = -1;
  // Our own copy of the reading end: writing to a dead child must not raise SIGPIPE.
  int commands_reader_ = -1;
  int replies_ = -1;
};

/// Reads exactly `count` bytes; false at the end of the pipe. For the child's side.
bool read_all(int file, void* bytes, std::size_t count);
/// Writes them all; false when it cannot. For the child's side.
bool write_all(int file, const void* bytes, std::size_t count);

}  // namespace attest::kernels
