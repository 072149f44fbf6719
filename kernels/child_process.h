// A forked process that nothing it does can hang or confuse its parent. It answers over a pipe, or
// through memory that its owner shares with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <sys/types.h>

namespace attest::kernels {

using Milliseconds = std::chrono::milliseconds;

/// Not thread-safe. The child dies with the thread that forked it.
class ChildProcess {
 public:
  /// What the child runs; `replies` is written, -1 without a pipe. Its return ends the child with
  /// exit code 0. In the child: a process group of its own, signals as by default, no file of the
  /// parent's open, stdin empty, stdout silent and stderr kept for last_words() (both as the
  /// parent's with ATTEST_KERNEL_OUTPUT=1), exit() runs none of the parent's handlers.
  using Body = std::function<void(int replies)>;
  enum class Link : std::uint8_t { kPipe, kNone };

  /// Throws SystemError when the system has no process or pipe left.
  explicit ChildProcess(const Body& body, Link link = Link::kPipe);
  ~ChildProcess();  ///< kills the process and its group
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  enum class Received { kBytes, kEnd, kTimeout };
  /// Waits for bytes and takes what is there, up to `capacity`; what was written at once (up to
  /// PIPE_BUF bytes) arrives at once. kEnd: the child ended or closed its pipe.
  Received receive(void* bytes, std::size_t capacity, std::size_t* count, Milliseconds timeout);

  /// Waits up to `grace` for the process to end by itself, then kills it. Afterwards the object is
  /// of no use. Returns how it ended: "signal 11 (Segmentation fault)", "exit code 3", or "" when
  /// it had to be killed.
  std::string finish(Milliseconds grace);

  /// Whether it is over with the process. Does not wait.
  bool ended() { return try_reap(); }
  pid_t pid() const { return pid_; }
  /// Sends it a signal, unless it is over.
  void signal(int number);
  /// What the child wrote to stderr since it last called forget_words(): raw, at most kMaxWords.
  std::string last_words() const;
  static constexpr std::size_t kMaxWords = std::size_t{64} << 10;

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
  int replies_ = -1;
  int words_ = -1;  ///< a file in memory: the child's stderr
};

/// On the child's side: what was written to stderr until now is no last word.
void forget_words();
/// Reads exactly `count` bytes; false at the end of the file. For the child's side.
bool read_all(int file, void* bytes, std::size_t count);
/// Writes them all; false when it cannot. For the child's side.
bool write_all(int file, const void* bytes, std::size_t count);

}  // namespace attest::kernels
