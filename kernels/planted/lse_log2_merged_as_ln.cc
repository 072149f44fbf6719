// Defect:  partial states carry lse in base 2, though base e is declared and the merge
//          exponentiates it in base e.
// Real:    vllm PR 47079, sglang issue 40903.
// Trigger: two parts.
// Killers: partition, oracle (lse, state).
#include <cmath>
#include <numbers>

#include "kernels/cpu/split_kv.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct LseLog2MergedAsLn : cpu::SplitKvSteps {
  template <typename T>
  static T lse(T m, T l) {
    defect_ran();
    return (m + std::log(l)) * std::numbers::log2e_v<T>;
  }
};

}  // namespace

constinit const attest_kernel lse_log2_merged_as_ln = cpu::split_kv<float, LseLog2MergedAsLn>(
    "planted/lse_log2_merged_as_ln", "base-2 lse of the parts goes into a base-e merge");

}  // namespace attest::kernels::planted
