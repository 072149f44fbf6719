#include "kernels/simt/check/access.h"

#include "kernels/simt/check/checker.h"
#include "kernels/simt/check/modules.h"

namespace attest::simt::check {

State state;

namespace {

/// The memory an access falls into.
struct Where {
  const char* base;
  const Shadow* shadow;
  const Range* range;  ///< null: shared memory
};

template <AccessKind kind>
void look_at_byte(const Where& where, std::size_t offset, const Access& self, Code code) {
  const std::size_t word = offset / 4;
  const Flags flags = where.shadow->get(word);
  const char* address = where.base + offset;
  if ((flags >> offset % 4 & kValidByte) == 0) {
    report_out_of_bounds(address, kind != AccessKind::kRead, code);
  }
  if (kind != AccessKind::kWrite && (flags >> offset % 4 & kWrittenByte) == 0) {
    report_uninitialised(address, where.range, code);
  }
  look_at_cell<kind>(where.shadow->parts[offset], self, address, where.range == nullptr, code);
  if (kind != AccessKind::kRead) {
    where.shadow->set(word, static_cast<Flags>(flags | kWrittenByte << offset % 4));
  }
}

void split(const Shadow& shadow, std::size_t word) {
  const Flags flags = shadow.get(word);
  if ((flags & kSplit) != 0) return;
  for (std::size_t i = 0; i < 4; ++i) shadow.parts[4 * word + i] = shadow.cells[word];
  shadow.set(word, static_cast<Flags>(flags | kSplit));
}

template <AccessKind kind>
__attribute__((noinline)) void look_at_parts(const Where& where, std::size_t offset,
                                             std::size_t bytes, const Access& self, Code code) {
  for (std::size_t i = offset; i < offset + bytes; ++i) {
    if (where.range != nullptr && i >= where.range->bytes) {
      report_out_of_bounds(where.base + i, kind != AccessKind::kRead, code);
    }
    split(*where.shadow, i / 4);
    look_at_byte<kind>(where, i, self, code);
  }
}

// The common case: whole words, valid and with a content.
template <AccessKind kind>
void look_at_memory(const Where& where, std::size_t offset, std::size_t bytes, const Access& self,
                    Code code) {
  if ((offset | bytes) % 4 != 0) {
    look_at_parts<kind>(where, offset, bytes, self, code);
    return;
  }
  const bool shared = where.range == nullptr;
  for (std::size_t i = offset; i < offset + bytes; i += 4) {
    const Flags flags = where.shadow->get(i / 4);
    if (flags == (kValid | kWritten)) {
      look_at_cell<kind>(where.shadow->cells[i / 4], self, where.base + i, shared, code);
    } else if (kind == AccessKind::kWrite && (flags & (kValid | kSplit)) == kValid) {
      look_at_cell<kind>(where.shadow->cells[i / 4], self, where.base + i, shared, code);
      where.shadow->set(i / 4, kValid | kWritten);
    } else {
      look_at_parts<kind>(where, i, 4, self, code);
    }
  }
}

// Memory that is neither shared nor announced.
__attribute__((noinline)) void look_at_other(const char* p, AccessKind kind, Code code) {
  if (static_cast<std::size_t>(p - state.parameters) < state.parameter_bytes) return;
  if (state.ranges.empty() || in_static_data(p)) return;
  report_out_of_bounds(p, kind != AccessKind::kRead, code);
}

}  // namespace

bool comes_before(const Access& a, const char* address, int thread, bool shared) {
  if (a.epoch() >= state.block_start) return happened(a, thread);
  if (shared || a.epoch() < state.launch_start) return true;
  return state.blocks.ordered(a, address, [&](const Access& own) { return happened(own, thread); });
}

template <AccessKind kind>
void look_closely_at(const void* p, std::size_t bytes, Code code) {
  const auto* byte = static_cast<const char*>(p);
  const auto in_shared = static_cast<std::size_t>(byte - state.shared_base);
  const bool shared = in_shared < SharedMemory::kCapacity;
  if (!shared && machine.stacks.contains(p)) return;
  if (++state.accesses > state.limit) report_step_limit();
  if (shared) {
    look_at_memory<kind>({state.shared_base, &state.shared, nullptr}, in_shared, bytes,
                         own_access<kind>(), code);
    return;
  }
  const Range* range = state.ranges.find(p);
  if (range == nullptr) {
    look_at_other(byte, kind, code);
  } else if (range->shadow.cells != nullptr) {
    look_at_memory<kind>({range->data, &range->shadow, range},
                         static_cast<std::size_t>(byte - range->data), bytes, own_access<kind>(),
                         code);
  }
}
template void look_closely_at<AccessKind::kRead>(const void*, std::size_t, Code);
template void look_closely_at<AccessKind::kWrite>(const void*, std::size_t, Code);
template void look_closely_at<AccessKind::kAtomic>(const void*, std::size_t, Code);

}  // namespace attest::simt::check
