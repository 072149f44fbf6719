#include "kernels/simt/check/checker.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/simt/check/access.h"
#include "kernels/simt/check/modules.h"
#include "kernels/simt/check/pattern.h"

namespace attest::simt::check {

bool active = false;

namespace {

void reset_clocks(int warp) {
  const auto first = static_cast<std::size_t>(warp) * kWarpSize;
  for (std::size_t i = first; i < first + kWarpSize; ++i) {
    state.clock[i] = 1;
    state.seen[i] = {};
  }
  state.advanced[static_cast<std::size_t>(warp)] = false;
}

void provide_shared_shadow() {
  if (state.shared.cells != nullptr) return;
  const std::size_t words = SharedMemory::kCapacity / 4;
  state.shared.cells = static_cast<Cell*>(reserve(words * sizeof(Cell)));
  state.shared.parts = static_cast<Cell*>(reserve(4 * words * sizeof(Cell)));
  state.shared.flags = static_cast<Flags*>(reserve(words * sizeof(Flags)));
  for (int w = 0; w < kMaxWarps; ++w) reset_clocks(w);
}

}  // namespace

void add_range(const void* data, std::size_t bytes, bool initialised, const char* name) {
  state.ranges.add(data, bytes, initialised, name);
}
void remove_range(const void* data) { state.ranges.remove(data); }
void remove_ranges() { state.ranges.clear(); }

void host_wrote(const void* data, std::size_t bytes) {
  const Range* range = bytes == 0 ? nullptr : state.ranges.find(data);
  if (range == nullptr || range->shadow.cells == nullptr) return;
  const auto first = static_cast<std::size_t>(static_cast<const char*>(data) - range->data);
  range->shadow.add(first, std::min(bytes, range->bytes - first), kWrittenByte);
}

void begin_launch(const void* parameters, std::size_t bytes) {
  provide_shared_shadow();
  refresh_modules();
  state.parameters = static_cast<const char*>(parameters);
  state.parameter_bytes = bytes;
  state.launch_start = ++state.epoch;
  state.limit = machine.options.step_limit;
  state.accesses = 0;
  state.started.clear();
  state.blocks.begin_launch();
}

void end_launch() {
  active = false;
  machine.report.accesses += state.accesses;
}

void begin_block() {
  active = false;
  if (counting) count_block();
  state.block_start = ++state.epoch;
  state.started.push_back({state.epoch, {blockIdx.x, blockIdx.y, blockIdx.z}});
  state.blocks.begin_block(state.epoch);
  for (int w = 0; w < kMaxWarps; ++w) {
    if (state.advanced[static_cast<std::size_t>(w)]) reset_clocks(w);
  }
  state.shared_base = machine.shared.base();
  std::memset(state.shared.flags, 0, (state.shared_used + 3) / 4 * sizeof(Flags));
  state.shared_used = 0;
  active = true;
}

void shared_variable(const void* data, std::size_t bytes) {
  const auto offset = static_cast<std::size_t>(static_cast<const char*>(data) - state.shared_base);
  state.shared.add(offset, bytes, kValidByte);
  state.shared_used = std::max(state.shared_used, offset + bytes);
}

void block_barrier() {
  ++state.epoch;
  for (int w = 0; w < kMaxWarps; ++w) {
    if (state.advanced[static_cast<std::size_t>(w)]) reset_clocks(w);
  }
}

void warp_barrier(int first, unsigned lanes) {
  std::array<std::uint32_t, kWarpSize> joined = {};
  const auto base = static_cast<std::size_t>(first);
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    auto& seen = state.seen[base + lane];
    seen[lane] = state.clock[base + lane];
    for (std::size_t i = 0; i < kWarpSize; ++i) joined[i] = std::max(joined[i], seen[i]);
  }
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    state.seen[base + lane] = joined;
    // A clock that would not fit stays: what comes later then counts as seen, and is not reported.
    std::uint32_t& clock = state.clock[base + lane];
    clock = std::min(clock + 1, Access::kMaxClock);
  }
  state.advanced[base / kWarpSize] = true;
}

}  // namespace attest::simt::check

namespace attest::simt {

void fence(bool block_wide) {
  if (machine.checked && !block_wide) {
    check::state.blocks.fence(machine.current->linear, check::state.epoch);
  }
}

void before_access(const void* p, std::size_t bytes, bool write, Site site) {
  using check::AccessKind;
  if (!check::active) return;
  const check::Pause pause;
  const check::Code code = check::code_of(site);
  if (write) {
    check::look_at<AccessKind::kWrite>(p, bytes, code);
  } else {
    check::look_at<AccessKind::kRead>(p, bytes, code);
  }
}

void before_atomic(const void* p, std::size_t bytes, Site site) {
  using check::AccessKind;
  if (!check::active) return;
  const check::Pause pause;
  const int thread = machine.current->linear;
  // Takes over first what was released here, so that it orders this very access.
  check::state.blocks.atomic(
      p, check::Access(check::state.epoch, thread,
                       check::state.clock[static_cast<std::size_t>(thread)], true));
  check::look_at<AccessKind::kAtomic>(p, bytes, check::code_of(site));
}

}  // namespace attest::simt
