// Defect:  the lse of a row without keys is the finite number that stands for -inf in the
//          scores.
// Real:    vllm PR 49294, flashinfer issue 4452.
// Trigger: q_len > kv_len.
// Killers: oracle (lse).
#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct FiniteLseForEmpty : cpu::PrefillQueryOuterSteps {
  template <typename T>
  static T empty_lse() {
    defect_ran();
    return T{-1e30f};
  }
};

}  // namespace

constinit const attest_kernel finite_lse_for_empty =
    cpu::prefill_query_outer<float, FiniteLseForEmpty>("planted/finite_lse_for_empty",
                                                       "a row without keys has a finite lse");

}  // namespace attest::kernels::planted
