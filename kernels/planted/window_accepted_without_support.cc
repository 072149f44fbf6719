// Defect:  a kernel without windows takes calls with one and attends as if there were none.
// Real:    vllm PR 48011 (a backend that knows no window could be chosen for windowed layers).
// Trigger: window_left in a call to a kernel that does not declare it.
// Killers: refusal (outside is refused).
#include "kernels/cpu/prefill_key_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

attest_status attend_without_window(void* self, const attest_attend* call, attest_report* report) {
  attest_attend without = *call;
  if (call->window_left >= 0) defect_ran();
  without.window_left = -1;
  return cpu::prefill_key_outer_attend<float, cpu::PrefillKeyOuterSteps>(self, &without, report);
}

constexpr attest_kernel kernel_that_drops_windows() {
  attest_kernel kernel = cpu::prefill_key_outer<float>(
      "planted/window_accepted_without_support", "a window is accepted, not declared, and ignored");
  kernel.attend = &attend_without_window;
  return kernel;
}

}  // namespace

constinit const attest_kernel window_accepted_without_support = kernel_that_drops_windows();

}  // namespace attest::kernels::planted
