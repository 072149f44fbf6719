// The kernel process: what runs in the forked child, and what it and its session say to each other
// through memory that both have.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "kernels/crash_record.h"
#include "kernels/doorbell.h"
#include "kernels/kernel_object.h"

namespace attest::kernels {

struct Command {
  std::uint64_t sequence = 0;
  std::uint64_t noise = 0;  ///< what memory of the process that nobody has written is to hold
  const void* argument = nullptr;  ///< in the arena, which has the same address on both sides
  Operation operation = Operation::kQuit;
  problem::Schedule schedule = {};
  DeviceMode device_mode = DeviceMode::kPlain;
};

/// How far the child has come with what it answers.
enum class Stage : std::uint32_t {
  kCannotLoad,  ///< sequence 0: there is no such kernel, and `message` says why
  kCreated,     ///< sequence 0: the kernel is loaded, and its create() returned `status`
  kCalled,      ///< the call with that sequence number returned
};

struct Reply {
  static constexpr std::uint32_t kMagic = 0x79706572;
  std::uint32_t magic = 0;
  Stage stage = Stage::kCalled;
  std::uint64_t sequence = 0;
  Answer answer;
};
static_assert(std::is_trivially_copyable_v<Command> && std::is_trivially_copyable_v<Reply>);

/// In shared memory. What the child wrote is copied before it is looked at, and not trusted.
struct Mailbox {
  alignas(64) Doorbell commands;
  Command command;
  alignas(64) Doorbell replies;
  Reply reply;
  std::int32_t loaded = 0;  ///< create() comes next
  alignas(64) CrashRecord crash;
  std::int32_t defect_mark = 0;  ///< of planted kernels (planted/defect.h)
};

/// Loads the kernel, creates its object and serves commands until kQuit. Calls lie in `arena`.
/// `patience`: nanoseconds that it waits for a command before it sleeps. `memory_limit`: bytes that
/// it may allocate; 0: any.
void serve(const std::string& library, const std::string& name, Mailbox& mailbox,
           const Arena& arena, std::int64_t patience, std::uint64_t memory_limit);

}  // namespace attest::kernels
