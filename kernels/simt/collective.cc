// Warp collectives by the rules since Volta: all lanes of the mask that have not exited, with equal
// masks, in one operation. Anything else is undefined in CUDA and a finding here.
#include <bit>
#include <cstdio>

#include "kernels/simt/check/checker.h"
#include "kernels/simt/machine.h"

namespace attest::simt {
namespace {

std::string hex(unsigned mask) {
  std::array<char, 16> digits = {};
  std::snprintf(digits.data(), digits.size(), "0x%08x", mask);
  return digits.data();
}

[[noreturn]] __attribute__((noinline)) void mismatch(const Thread& self, const Meeting& there) {
  const bool masks = there.mask != self.mask;
  machine.find(masks ? Kind::kMaskMismatch : Kind::kSiteMismatch,
               describe(self) + ", lanes " + hex(there.arrived) + " of the warp in " +
                   there.operation->name + '(' + hex(there.mask) + ") at " + text(there.site),
               place_of(self.site), self.linear, place_of(there.site));
  machine.abort_launch();
}

[[noreturn]] __attribute__((noinline)) void lacks_caller(const Thread& self) {
  machine.find(Kind::kMaskWithoutCaller, describe(self) + ", but the mask lacks the calling lane",
               place_of(self.site), self.linear);
  machine.abort_launch();
}

}  // namespace

void collective(const Collective& what, unsigned mask, void* slot, int extra, Site site) {
  Machine& m = machine;
  Thread& self = *m.current;
  Warp& warp = m.warp[self.warp];
  const unsigned own = 1u << self.lane;
  self.state = State::kInCollective;
  self.mask = mask;
  self.operation = &what;
  self.site = site;
  if ((mask & own) == 0) lacks_caller(self);
  int joined = -1;
  for (int i = 0; i < warp.meetings; ++i) {
    const Meeting& there = warp.meeting[static_cast<std::size_t>(i)];
    if (there.mask == mask) {
      const bool elsewhere = m.options.match_sites && !same(there.site, site);
      if (there.operation != &what || elsewhere) mismatch(self, there);
      joined = i;
    } else if ((there.mask & own) != 0 && (there.arrived & mask) != 0) {
      mismatch(self, there);  // they wait for this lane, and this lane for one of them
    }
  }
  if (joined < 0) {
    joined = warp.meetings++;
    warp.meeting[static_cast<std::size_t>(joined)] = {mask, 0, &what, extra, site};
  }
  warp.meeting[static_cast<std::size_t>(joined)].arrived |= own;
  warp.slots[self.lane] = slot;
  m.try_complete(warp, joined);
  m.leave(self);
}

bool Machine::try_complete(Warp& of, int index) {
  Meeting& meeting = of.meeting[static_cast<std::size_t>(index)];
  const unsigned needed = meeting.mask & of.live;
  if ((meeting.arrived & needed) != needed) return false;
  if (meeting.operation->finish != nullptr) {
    meeting.operation->finish(of.slots.data(), needed, meeting.extra);
  }
  const auto first = static_cast<std::size_t>(&of - warp.data()) * kWarpSize;
  if (checked && (meeting.operation->orders_memory || options.shuffles_order_memory)) {
    check::warp_barrier(static_cast<int>(first), needed);
  }
  for (unsigned left = needed; left != 0; left &= left - 1) {
    wake(thread[first + static_cast<std::size_t>(std::countr_zero(left))]);
  }
  meeting = of.meeting[static_cast<std::size_t>(--of.meetings)];
  return true;
}

void Machine::exit_completes_collectives(const Thread& gone) {
  Warp& of = warp[gone.warp];
  for (int i = 0; i < of.meetings;) {
    if (!try_complete(of, i)) ++i;
  }
}

}  // namespace attest::simt
