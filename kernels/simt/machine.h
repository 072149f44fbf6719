// The state of the running launch: one block of threads at a time, and who waits for what.
// Internal; barrier.cc, collective.cc, machine.cc and the checker work on it together.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "kernels/simt/device.h"
#include "kernels/simt/fiber.h"
#include "kernels/simt/limits.h"
#include "kernels/simt/ready_set.h"
#include "kernels/simt/schedule.h"
#include "kernels/simt/shared_memory.h"
#include "kernels/simt/stacks.h"

namespace attest::simt {

enum class State : std::uint8_t { kRunnable, kAtBarrier, kInCollective, kExited };

struct Thread {
  Fiber fiber;
  uint3 index = {};
  std::uint16_t linear = 0;
  std::uint16_t warp = 0;
  std::uint8_t lane = 0;
  State state = State::kRunnable;
  // What it waits for:
  unsigned mask = 0;
  const Collective* operation = nullptr;
  Site site;
};

/// Lanes that have met, or will, in one collective.
struct Meeting {
  unsigned mask;
  unsigned arrived;
  const Collective* operation;
  int extra;
  Site site;
};

struct Warp {
  unsigned live = 0;
  int meetings = 0;
  std::array<Meeting, kWarpSize> meeting = {};  ///< each lane has arrived in one at most
  std::array<void*, kWarpSize> slots = {};
};

struct Barrier {
  int waiting = 0;
  Site site;
  int operation = -1;  ///< a Reduce; -1: none
  int count = 0;       ///< of true predicates
  int arrived = 0;
  int result = 0;  ///< of the last completed one
};

struct Machine {
  // Of the call:
  Options options;
  Report report;
  Schedule schedule;

  // Of the launch:
  Entry entry = nullptr;
  void* parameters = nullptr;
  bool checked = false;
  bool failed = false;  ///< there is a finding
  int threads = 0;
  int warps = 0;
  std::uint64_t steps = 0;  ///< left of the limit

  // Of the block:
  bool running = false;  ///< a fiber has the processor
  int live = 0;
  Thread* current = nullptr;
  ReadySet ready;
  ReadySet asleep;  ///< could run, but only when no other thread can
  ReadySet alive;   ///< have not exited
  Barrier barrier;
  SharedMemory shared;

  Fiber host;
  Stacks stacks;
  std::array<Thread, kMaxThreads> thread = {};
  std::array<Warp, kMaxWarps> warp = {};

  /// Prepares for the threads of a launch. False without memory.
  bool set_up(const LaunchShape& shape);
  /// Runs one block until all its threads have exited or something was found.
  void run_block(std::uint64_t block);
  /// The current thread cannot go on, or need not: another one runs.
  void leave(Thread& self, bool last = false);
  /// The same when there is nobody to run, or no point in it: goes back to the host.
  void leave_for_good(Thread& self, bool last);
  /// Lets a waiting thread be chosen again.
  void wake(Thread& who) {
    who.state = State::kRunnable;
    ready.insert(schedule.rank_of(who.linear));
  }

  /// Lets a thread be chosen once no other can run.
  void sleep(Thread& who) { asleep.insert(schedule.rank_of(who.linear)); }

  /// A thread of this block has exited: those that wait may have waited for it alone.
  void exit_completes_barrier(const Thread& gone);
  void exit_completes_collectives(const Thread& gone);
  void complete_barrier();
  bool try_complete(Warp& of, int meeting);

  /// Adds a finding; the launch ends at the next switch, or with abort_launch().
  void find(Kind kind, std::string what, Place place, int who, Place other = {});
  /// Leaves all fibers for good.
  [[noreturn]] void abort_launch();
};

extern Machine machine;

/// "flash.cu:87".
std::string text(const Site& site);
Place place_of(const Site& site);
/// "thread 35 (warp 1 lane 3) waits in __syncthreads at flash.cu:87".
std::string describe(const Thread& thread);
/// Why nothing can run: the waiting threads, grouped by place.
std::string describe_deadlock();

}  // namespace attest::simt
