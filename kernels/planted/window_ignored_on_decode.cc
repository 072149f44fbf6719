// Defect:  a decode step takes a path that does not look at the window.
// Real:    nanochat PR 456.
// Trigger: decode, kv_len = window_left + 2.
// Killers: window, causality (row is decode), oracle.
#include <cstdint>

#include "kernels/cpu/sliding_window.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct WindowIgnoredOnDecode : cpu::SlidingWindowSteps {
  static std::int64_t begin(const cpu::Sequence& sequence, std::int64_t position,
                            std::int64_t left) {
    const std::int64_t begin = cpu::window_begin(position, left);
    if (sequence.q_len != 1) return begin;
    if (begin > 0) defect_ran();
    return 0;
  }
};

}  // namespace

constinit const attest_kernel window_ignored_on_decode =
    cpu::sliding_window<float, WindowIgnoredOnDecode>("planted/window_ignored_on_decode",
                                                      "no window in a decode step");

}  // namespace attest::kernels::planted
