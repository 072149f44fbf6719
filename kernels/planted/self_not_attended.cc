// Defect:  the causal mask is j < p where it must be j <= p: no token sees itself.
// Real:    the classic slip of a first causal mask in teaching material on attention.
// Trigger: kv_len = 1.
// Killers: oracle.
#include <cstdint>

#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct SelfNotAttended : cpu::PrefillQueryOuterSteps {
  static std::int64_t causal_end(std::int64_t position) {
    defect_ran();
    return position;
  }
};

}  // namespace

constinit const attest_kernel self_not_attended = cpu::prefill_query_outer<float, SelfNotAttended>(
    "planted/self_not_attended", "strict causal mask: a query does not see its own key");

}  // namespace attest::kernels::planted
