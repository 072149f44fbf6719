// The mark that a planted kernel leaves when the very line that makes it wrong runs. A failure
// found while it never ran was found for another reason, and the report card does not count it.
#pragma once

#include <atomic>
#include <cstdint>

namespace attest::kernels::planted {

inline std::int32_t own_defect_mark = 0;
/// Where the mark is. A session points it to memory that it shares with the kernel's process, so
/// that the mark of a kernel that dies in that very line is seen.
inline std::int32_t* defect_mark = &own_defect_mark;

/// To be called where the defect takes effect, not where the kernel begins. Kernels with threads
/// may call it from any of them.
inline void defect_ran() {
  std::atomic_ref<std::int32_t>(*defect_mark).store(1, std::memory_order_relaxed);
}

}  // namespace attest::kernels::planted
