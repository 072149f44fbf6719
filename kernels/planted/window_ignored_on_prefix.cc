// Defect:  the window is applied to the keys of the chunk and not to those cached before it.
// Real:    vllm PR 4405.
// Trigger: start_pos > window_left.
// Killers: window, chunking, oracle.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/sliding_window.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct WindowIgnoredOnPrefix : cpu::SlidingWindowSteps {
  static std::int64_t begin(const cpu::Sequence& sequence, std::int64_t position,
                            std::int64_t left) {
    const std::int64_t begin = cpu::window_begin(position, left);
    if (begin > 0 && sequence.start_pos > 0) defect_ran();
    return sequence.start_pos > 0 ? 0 : begin;
  }

  static std::int64_t next_key(const cpu::Sequence& sequence, std::int64_t position,
                               std::int64_t left, std::int64_t key) {
    if (key + 1 != sequence.start_pos) return key + 1;
    return std::max(sequence.start_pos, cpu::window_begin(position, left));
  }
};

}  // namespace

constinit const attest_kernel window_ignored_on_prefix =
    cpu::sliding_window<float, WindowIgnoredOnPrefix>("planted/window_ignored_on_prefix",
                                                      "the window does not hide cached keys");

}  // namespace attest::kernels::planted
