// Defect:  the window begins where that of the last row does, for all rows of the chunk.
// Real:    flashinfer PR 4137.
// Trigger: a window, q_len = 2.
// Killers: window, causality (row is decode), oracle.
#include <cstdint>

#include "kernels/cpu/sliding_window.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct WindowFromLastRow : cpu::SlidingWindowSteps {
  static std::int64_t begin(const cpu::Sequence& sequence, std::int64_t position,
                            std::int64_t left) {
    const std::int64_t begin = cpu::window_begin(sequence.position(sequence.q_len - 1), left);
    if (begin != cpu::window_begin(position, left)) defect_ran();
    return begin;
  }
};

}  // namespace

constinit const attest_kernel window_from_last_row = cpu::sliding_window<float, WindowFromLastRow>(
    "planted/window_from_last_row", "all rows share the window of the last one");

}  // namespace attest::kernels::planted
