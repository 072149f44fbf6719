// Defect:  when the running maximum moves, the sum is rescaled and the accumulator is not.
// Real:    the classic slip of the online softmax in teaching material on paged attention.
// Trigger: the maximum rises in the second tile of 8 keys.
// Killers: oracle (rising maximum), algebra (hull, constant values).
#include <span>

#include "kernels/cpu/prefill_key_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct AccNotRescaled : cpu::PrefillKeyOuterSteps {
  template <typename T>
  static void rescale(std::span<T>, T factor) {
    if (factor != 1) defect_ran();
  }
};

}  // namespace

constinit const attest_kernel acc_not_rescaled = cpu::prefill_key_outer<float, AccNotRescaled>(
    "planted/acc_not_rescaled", "the accumulator keeps its old scale when the maximum rises");

}  // namespace attest::kernels::planted
