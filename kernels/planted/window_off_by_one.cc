// Defect:  one key too many at the left edge of the window.
// Real:    vllm issue 3385, onnxruntime PR 25927.
// Trigger: kv_len = window_left + 2: one token outside the window.
// Killers: window (just outside), oracle.
#include <cstdint>

#include "kernels/cpu/sliding_window.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct WindowOffByOne : cpu::SlidingWindowSteps {
  static std::int64_t begin(const cpu::Sequence& /*sequence*/, std::int64_t position,
                            std::int64_t left) {
    const std::int64_t begin = left < 0 ? 0 : cpu::window_begin(position - 1, left);
    if (begin != cpu::window_begin(position, left)) defect_ran();
    return begin;
  }
};

}  // namespace

constinit const attest_kernel window_off_by_one = cpu::sliding_window<float, WindowOffByOne>(
    "planted/window_off_by_one", "the window reaches one key too far to the left");

}  // namespace attest::kernels::planted
