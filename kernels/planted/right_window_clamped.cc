// Defect:  a right window as long as the cache is cut to kv_len, which is too short for rows at
//          negative positions.
// Real:    flash-attention issue 895.
// Trigger: q_len > kv_len, no causal mask, a wide right window.
// Killers: window (wide is none).
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/sliding_window.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct RightWindowClamped : cpu::SlidingWindowSteps {
  static std::int64_t end(const attest_attend& call, const cpu::Sequence& sequence,
                          std::int64_t position) {
    const std::int64_t end = cpu::SlidingWindowSteps::end(call, sequence, position);
    if (call.window_right < sequence.kv_len) return end;
    const std::int64_t clamped = std::min(end, position + sequence.kv_len + 1);
    if (clamped != end) defect_ran();
    return clamped;
  }
};

}  // namespace

constinit const attest_kernel right_window_clamped = cpu::sliding_window<float, RightWindowClamped>(
    "planted/right_window_clamped", "a wide right window is cut to kv_len");

}  // namespace attest::kernels::planted
