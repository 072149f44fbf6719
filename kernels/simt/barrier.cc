// __syncthreads() and its kind: all threads of the block that have not exited, in one place.
#include "kernels/simt/check/checker.h"
#include "kernels/simt/machine.h"

namespace attest::simt {
namespace {

[[noreturn]] __attribute__((noinline)) void diverges(const Thread& self) {
  const Site there = machine.barrier.site;
  machine.find(Kind::kDivergentBarrier,
               describe(self) + ", other threads of the block at " + text(there),
               place_of(self.site), self.linear, place_of(there));
  machine.abort_launch();
}

int wait(int operation, bool predicate, Site site) {
  Machine& m = machine;
  Thread& self = *m.current;
  Barrier& barrier = m.barrier;
  self.state = State::kAtBarrier;
  self.site = site;
  if (barrier.waiting == 0) {
    barrier.site = site;
    barrier.operation = operation;
    barrier.count = 0;
    barrier.arrived = 0;
  } else if (!same(barrier.site, site) || barrier.operation != operation) {
    diverges(self);
  }
  ++barrier.waiting;
  ++barrier.arrived;
  barrier.count += predicate ? 1 : 0;
  if (barrier.waiting == m.live) m.complete_barrier();
  m.leave(self);
  self.state = State::kRunnable;
  return barrier.result;
}

}  // namespace

void block_barrier(Site site) { wait(-1, false, site); }

int block_barrier_reduce(Reduce how, bool predicate, Site site) {
  return wait(static_cast<int>(how), predicate, site);
}

void Machine::complete_barrier() {
  switch (barrier.operation) {
    case static_cast<int>(Reduce::kAnd):
      barrier.result = barrier.count == barrier.arrived ? 1 : 0;
      break;
    case static_cast<int>(Reduce::kOr):
      barrier.result = barrier.count > 0 ? 1 : 0;
      break;
    default:
      barrier.result = barrier.count;
  }
  barrier.waiting = 0;
  if (checked) check::block_barrier();
  ready = alive;  // each sets its state when it runs
}

void Machine::exit_completes_barrier(const Thread& gone) {
  if (barrier.waiting == 0) return;
  if (options.exit_before_barrier) {
    find(Kind::kExitBeforeBarrier,
         "thread " + std::to_string(gone.linear) + " exits while others wait in a barrier at " +
             text(barrier.site),
         place_of(barrier.site), gone.linear);
    return;
  }
  if (barrier.waiting == live) complete_barrier();
}

}  // namespace attest::simt
