// Defect:  parts are weighed with exp(lse) as it is: it overflows for large lse and vanishes for
//          low ones.
// Real:    TransformerEngine PR 716, NATTEN PR 202.
// Trigger: lse above 88 or below -104.
// Killers: monoid.
#include "kernels/cpu/merge.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct MergeWithoutMax : cpu::MergeSteps {
  template <typename T>
  static T shift(T largest_lse) {
    if (largest_lse != 0) defect_ran();
    return 0;
  }
};

}  // namespace

constinit const attest_kernel merge_without_max = cpu::merge<float, MergeWithoutMax>(
    "planted/merge_without_max", "exp(lse) without subtracting the largest");

}  // namespace attest::kernels::planted
