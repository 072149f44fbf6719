// Defect:  the running maximum starts at 0: when every score is very negative, every weight
//          underflows.
// Real:    the classic slip of the online softmax in teaching material on paged attention.
// Trigger: one key with a score below -104.
// Killers: oracle (low scores).
#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct RunningMaxFromZero : cpu::PrefillQueryOuterSteps {
  template <typename T>
  static T initial_max() {
    return T{0};
  }

  // Zero stayed the maximum, or took all weight.
  template <typename T>
  static T lse(T m, T l) {
    if (m == initial_max<T>()) defect_ran();
    return cpu::PrefillQueryOuterSteps::lse(m, l);
  }
  template <typename T>
  static T empty_lse() {
    defect_ran();
    return cpu::PrefillQueryOuterSteps::empty_lse<T>();
  }
};

}  // namespace

constinit const attest_kernel running_max_from_zero =
    cpu::prefill_query_outer<float, RunningMaxFromZero>("planted/running_max_from_zero",
                                                        "the running maximum starts at 0");

}  // namespace attest::kernels::planted
