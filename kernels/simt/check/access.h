// One access of a kernel, looked at. Internal to check/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simt/check/modules.h"
#include "kernels/simt/check/order.h"
#include "kernels/simt/check/pattern.h"
#include "kernels/simt/check/ranges.h"
#include "kernels/simt/check/shadow.h"
#include "kernels/simt/limits.h"
#include "kernels/simt/machine.h"

namespace attest::simt::check {

enum class AccessKind : std::uint8_t { kRead, kWrite, kAtomic };

/// Everything the checker knows. Epochs count up over the whole life of the process.
struct State {
  std::uint32_t epoch = 1;
  std::uint32_t block_start = 1;   ///< the running block's first epoch
  std::uint32_t launch_start = 1;  ///< the launch's
  std::array<std::uint32_t, kMaxThreads> clock = {};
  /// Of each thread: the latest clock of each lane of its warp that came before.
  std::array<std::array<std::uint32_t, kWarpSize>, kMaxThreads> seen = {};
  std::array<bool, kMaxWarps> advanced = {};  ///< warps whose clocks are not at their start
  const char* shared_base = nullptr;
  std::size_t shared_used = 0;
  Shadow shared;
  Ranges ranges;
  BlockOrder blocks;
  std::vector<std::pair<std::uint32_t, std::array<std::uint32_t, 3>>>
      started;  ///< blocks, by epoch
  std::uint64_t accesses = 0;
  std::uint64_t limit = 0;
  const char* parameters = nullptr;
  std::size_t parameter_bytes = 0;
};
extern State state;

/// Whether `a`, of the running block, comes before what `thread` does now.
inline bool happened(const Access& a, int thread) {
  if (a.epoch() < state.epoch) return true;
  const int other = a.thread();
  return other == thread || (other / kWarpSize == thread / kWarpSize &&
                             state.seen[static_cast<std::size_t>(thread)]
                                       [static_cast<std::size_t>(other % kWarpSize)] >= a.clock());
}

/// Two accesses that nothing orders.
struct Conflict {
  const char* address;
  bool shared;
  AccessKind now;
  Code now_code;
  bool before_writes;
  Access before;
  Code before_code;
};
[[noreturn]] void report_race(const Conflict& conflict);
[[noreturn]] void report_uninitialised(const char* address, const Range* range, Code code);
[[noreturn]] void report_out_of_bounds(const char* address, bool write, Code code);
[[noreturn]] void report_step_limit();

/// The call that returns to there; 0 if it is in another module.
inline Code code_of(const void* return_address) {
  const std::ptrdiff_t offset = static_cast<const char*>(return_address) - own_module - 1;
  return offset > 0 && offset < std::ptrdiff_t{kSiteBit} ? static_cast<Code>(offset) : 0;
}
Code code_of(Site site);

/// Whether an earlier access, in this launch at least, comes before what `thread` does now. Shared
/// memory starts afresh with each block.
bool comes_before(const Access& a, const char* address, int thread, bool shared);

/// Compares an access with what the cell remembers, and remembers it.
template <AccessKind kind>
inline void look_at_cell(Cell& cell, const Access& self, const char* address, bool shared,
                         Code code) {
  const std::uint32_t interesting = shared ? state.epoch : state.launch_start;
  const auto races = [&](const Access& a) {
    if (a.epoch() < interesting) [[likely]]
      return false;
    if (kind == AccessKind::kAtomic && a.atomic()) return false;
    return !comes_before(a, address, self.thread(), shared);
  };
  if (races(cell.write)) {
    report_race({address, shared, kind, code, true, cell.write, cell.write_code});
  }
  if constexpr (kind == AccessKind::kRead) {
    if (cell.read == self) return;
    if (cell.read.epoch() != state.epoch) {
      cell.read2 = cell.read;
      cell.read2_code = cell.read_code;
      cell.read = self;
      cell.read_code = code;
    } else if (cell.read.thread() == self.thread()) {
      cell.read = self;
      cell.read_code = code;
    } else {
      cell.read2 = self;
      cell.read2_code = code;
    }
  } else {
    if (races(cell.read)) {
      report_race({address, shared, kind, code, false, cell.read, cell.read_code});
    }
    if (races(cell.read2)) {
      report_race({address, shared, kind, code, false, cell.read2, cell.read2_code});
    }
    // A plain write of this epoch races with other threads' atomics too: it stays the one to
    // compare.
    const bool keeps =
        kind == AccessKind::kAtomic && cell.write.epoch() == state.epoch && !cell.write.atomic();
    if (keeps) return;
    cell.write = self;
    cell.write_code = code;
  }
}

/// The running thread, now.
template <AccessKind kind>
inline Access own_access() {
  const int thread = machine.current->linear;
  return {state.epoch, thread, state.clock[static_cast<std::size_t>(thread)],
          kind == AccessKind::kAtomic};
}

/// The same as look_at for any memory and any size.
template <AccessKind kind>
void look_closely_at(const void* p, std::size_t bytes, Code code);

/// Looks at an access of the running thread. Does not return if something is wrong with it. Here is
/// only what happens most often: whole words of shared memory with a content.
template <AccessKind kind>
inline void look_at(const void* p, std::size_t bytes, Code code) {
  if (counting) [[unlikely]]
    count_access(p, bytes, code, kind != AccessKind::kRead);
  const auto* byte = static_cast<const char*>(p);
  const auto offset = static_cast<std::size_t>(byte - state.shared_base);
  if (offset < SharedMemory::kCapacity && (offset | bytes) % 4 == 0) [[likely]] {
    const std::size_t first = offset / 4;
    const std::size_t words = bytes / 4;
    std::size_t usual = 0;
    while (usual < words && state.shared.flags[first + usual] == (kValid | kWritten)) ++usual;
    if (usual == words) [[likely]] {
      if (++state.accesses > state.limit) report_step_limit();
      const Access self = own_access<kind>();
      for (std::size_t i = 0; i < words; ++i) {
        look_at_cell<kind>(state.shared.cells[first + i], self, byte + 4 * i, true, code);
      }
      return;
    }
  }
  look_closely_at<kind>(p, bytes, code);
}

}  // namespace attest::simt::check
