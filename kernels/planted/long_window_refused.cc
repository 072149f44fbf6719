// Defect:  a call whose window is longer than every sequence is refused, though it is declared and
//          needs no window at all.
// Real:    text-generation-inference PR 2033 (an error for models with a window, even where
//          max_input_tokens is below it).
// Trigger: window_left >= kv_len.
// Killers: refusal (inside is served).
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/sliding_window.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

attest_status attend_short_windows(void* self, const attest_attend* call, attest_report* report) {
  const std::int32_t* lengths = call->kv_len.host;
  if (call->batch > 0 && call->window_left >= *std::max_element(lengths, lengths + call->batch)) {
    defect_ran();
    cpu::leave_message(report, "the window is longer than the cache");
    return ATTEST_REFUSED;
  }
  return cpu::sliding_window_attend<float, cpu::SlidingWindowSteps>(self, call, report);
}

constexpr attest_kernel kernel_that_refuses() {
  attest_kernel kernel = cpu::sliding_window<float>("planted/long_window_refused",
                                                    "a window longer than the cache is refused");
  kernel.attend = &attend_short_windows;
  return kernel;
}

}  // namespace

constinit const attest_kernel long_window_refused = kernel_that_refuses();

}  // namespace attest::kernels::planted
