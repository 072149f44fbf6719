// The mark that a planted kernel leaves when the very line that makes it wrong runs. A failure
// found while it never ran was found for another reason, and the report card does not count it.
#pragma once

#include <atomic>

namespace attest::kernels::planted {

inline std::atomic<bool> defect_mark{false};  // in the kernel's process; a kernel may use threads

/// To be called where the defect takes effect, not where the kernel begins.
inline void defect_ran() { defect_mark.store(true, std::memory_order_relaxed); }

/// Whether it ran since this was last asked.
inline bool take_defect_ran() { return defect_mark.exchange(false, std::memory_order_relaxed); }

}  // namespace attest::kernels::planted
