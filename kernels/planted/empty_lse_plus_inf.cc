// Defect:  the lse of a state without keys is +inf.
// Real:    flash-attention PR 978, vllm PR 15492.
// Trigger: one part without keys.
// Killers: oracle (lse, state), partition.
#include <limits>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct EmptyLsePlusInf : cpu::SplitKvSteps {
  template <typename T>
  static T empty_lse() {
    defect_ran();
    return std::numeric_limits<T>::infinity();
  }
};

}  // namespace

constinit const attest_kernel empty_lse_plus_inf = cpu::split_kv<float, EmptyLsePlusInf>(
    "planted/empty_lse_plus_inf", "a state without keys has lse = +inf");

}  // namespace attest::kernels::planted
