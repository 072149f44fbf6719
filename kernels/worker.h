// The kernel process: what runs in the forked child, and what is said over its pipes.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "kernels/kernel_object.h"

namespace attest::kernels {

struct Command {
  std::uint64_t sequence;
  Operation operation;
  std::uint32_t reserved;
  const void* argument;  ///< in the arena, which has the same address on both sides
};

/// How far the child has come with what it answers.
enum class Stage : std::uint32_t {
  kCannotLoad,  ///< sequence 0: there is no such kernel, and `message` says why
  kLoaded,      ///< sequence 0: the library is in, create() comes next
  kCreated,     ///< sequence 0: create() returned `status`
  kCalled,      ///< the call with that sequence number returned
};

struct Reply {
  static constexpr std::uint32_t kMagic = 0x79706572;
  std::uint32_t magic = kMagic;
  Stage stage = Stage::kCalled;
  std::uint64_t sequence = 0;
  Answer answer;
};
static_assert(std::is_trivially_copyable_v<Reply> && sizeof(Reply) <= 4096,
              "one atomic write to a pipe");

/// Exit code of a child whose kernel closed the pipe under it.
inline constexpr int kExitPipeGone = 113;

/// Loads the kernel, creates its object and serves commands until kQuit or the end of the pipe.
/// `defect_mark` lies in memory shared with the parent.
void serve(const std::string& library, const std::string& name, int commands, int replies,
           std::int32_t* defect_mark);

}  // namespace attest::kernels
