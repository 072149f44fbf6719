#include "kernels/simt/machine.h"

#include <algorithm>
#include <utility>

#include "kernels/simt/check/checker.h"

uint3 threadIdx = {};
uint3 blockIdx = {};
dim3 blockDim;
dim3 gridDim;

namespace attest::simt {

Machine machine;
std::uint64_t block_serial = 0;

namespace {

// No instrumentation before arrived() has told AddressSanitizer which stack this is.
ATTEST_SIMT_NO_ASAN void fiber_main() {
  Machine& m = machine;
  arrived(m.host);
  m.entry(m.parameters);
  Thread& self = *m.current;
  self.state = State::kExited;
  --m.live;
  m.alive.remove(m.schedule.rank_of(self.linear));
  m.warp[self.warp].live &= ~(1u << self.lane);
  if (m.live > 0) {
    m.exit_completes_barrier(self);
    m.exit_completes_collectives(self);
  }
  m.leave(self, true);
  __builtin_unreachable();
}

}  // namespace

bool Machine::set_up(const LaunchShape& shape) {
  threads = static_cast<int>(shape.block.x * shape.block.y * shape.block.z);
  warps = (threads + kWarpSize - 1) / kWarpSize;
  if (!stacks.provide(threads) || !shared.provide()) return false;
  for (int i = 0; i < threads; ++i) {
    Thread& t = thread[static_cast<std::size_t>(i)];
    const auto linear = static_cast<unsigned>(i);
    t.linear = static_cast<std::uint16_t>(i);
    t.warp = static_cast<std::uint16_t>(i / kWarpSize);
    t.lane = static_cast<std::uint8_t>(i % kWarpSize);
    t.index = {linear % shape.block.x, linear / shape.block.x % shape.block.y,
               linear / (shape.block.x * shape.block.y)};
  }
  gridDim = shape.grid;
  blockDim = shape.block;
  shared.set_dynamic(shape.dynamic_shared);
  return true;
}

void Machine::run_block(std::uint64_t block) {
  const std::uint64_t row = block / gridDim.x;
  blockIdx = {static_cast<unsigned>(block % gridDim.x), static_cast<unsigned>(row % gridDim.y),
              static_cast<unsigned>(row / gridDim.y)};
  ++block_serial;
  schedule.begin_block(block, threads);
  if (checked) check::begin_block();
  shared.begin_block(options.fill, schedule.launch_key() + block);
  ready.reset(threads);
  asleep.reset(threads);
  alive.reset(threads);
  barrier = {};
  live = threads;
  for (int w = 0; w < warps; ++w) {
    const int lanes = std::min(kWarpSize, threads - w * kWarpSize);
    warp[static_cast<std::size_t>(w)].live = lanes == kWarpSize ? ~0u : (1u << lanes) - 1;
    warp[static_cast<std::size_t>(w)].meetings = 0;
  }
  for (int i = 0; i < threads; ++i) {
    Thread& t = thread[static_cast<std::size_t>(i)];
    constexpr std::size_t kStagger = 192;
    const std::size_t offset = static_cast<std::size_t>(i % kWarpSize) * kStagger;
    make_fiber(t.fiber, stacks.lowest(i), stacks.bytes(), offset, &fiber_main);
    t.state = State::kRunnable;
    alive.insert(schedule.rank_of(i));
  }
  ready = alive;
  running = true;
  leave(thread[0]);
  running = false;
  current = nullptr;
  if (failed) stacks.forget_frames();
}

// Of a thread that exits this frame stays on its stack: AddressSanitizer must not know it.
ATTEST_SIMT_NO_ASAN void Machine::leave(Thread& self, bool last) {
  if (ready.empty()) [[unlikely]]
    std::swap(ready, asleep);
  if (failed || steps == 0 || ready.empty()) [[unlikely]] {
    leave_for_good(self, last);
    return;
  }
  --steps;
  ++report.decisions;
  const int next = schedule.thread_of(ready.take_from(schedule.next_start()));
  constexpr std::uint64_t kFnvPrime = 0x100000001b3;
  report.schedule_hash = (report.schedule_hash ^ static_cast<std::uint64_t>(next)) * kFnvPrime;
  Thread& chosen = thread[static_cast<std::size_t>(next)];
  Thread* was = current;
  current = &chosen;
  threadIdx = chosen.index;
  if (was != &chosen) switch_fiber(was == nullptr ? host : self.fiber, chosen.fiber, last);
}

ATTEST_SIMT_NO_ASAN void Machine::leave_for_good(Thread& self, bool last) {
  if (!failed && ready.empty() && live > 0) {
    find(Kind::kDeadlock, describe_deadlock(), {}, -1);
  } else if (!failed && steps == 0) {
    find(Kind::kStepLimit, "more switches than the step limit allows: does a loop never end?", {},
         self.linear);
  }
  switch_fiber(current == nullptr ? host : self.fiber, host, last || failed);
}

void Machine::find(Kind kind, std::string what, Place place, int who, Place other) {
  if (failed) return;  // the first one; what follows may come of it
  failed = true;
  report.findings.push_back({kind,
                             std::move(what),
                             std::move(place),
                             std::move(other),
                             {blockIdx.x, blockIdx.y, blockIdx.z},
                             who});
}

void Machine::abort_launch() {
  switch_fiber(current->fiber, host, true);
  __builtin_unreachable();
}

}  // namespace attest::simt
