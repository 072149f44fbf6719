// Defect:  the merge takes lse in base e for base 2: it weighs parts with exp2 and adds log2 of
//          the sum.
// Real:    sglang issue 33064.
// Trigger: two parts.
// Killers: monoid.
#include <cmath>
#include <span>

#include "kernels/cpu/merge.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct LseLnMergedAsLog2 : cpu::MergeSteps {
  template <typename T>
  static T weight(T lse, T shift) {
    if (lse != shift) defect_ran();
    return std::exp2(lse - shift);
  }

  template <typename S>
  static cpu::Compute<S> merged_lse(std::span<const cpu::Part<S>> /*parts*/, cpu::Compute<S> shift,
                                    cpu::Compute<S> sum) {
    if (sum != 1) defect_ran();
    return shift + std::log2(sum);
  }
};

}  // namespace

constinit const attest_kernel lse_ln_merged_as_log2 = cpu::merge<float, LseLnMergedAsLog2>(
    "planted/lse_ln_merged_as_log2", "base-e lse is merged in base 2");

}  // namespace attest::kernels::planted
