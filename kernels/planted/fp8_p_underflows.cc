// Defect:  P is rounded to e4m3 as it is, without the factor 2^8: weights below 2^-10 are lost to
//          P V while the denominator counts them.
// Real:    FlyDSL PR 1020.
// Trigger: a key that weighs less than e^-7 of the largest, or many of them.
// Killers: oracle, features.
#include "kernels/cpu/prefill_key_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

using E4m3Throughout = cpu::Mixed<cpu::E4M3, cpu::E4M3, cpu::BF16, cpu::E4M3>;

struct Fp8PUnderflows : cpu::PrefillKeyOuterSteps {
  template <typename P, typename C>
  static C probability(C weight) {
    const C p = cpu::widened<C>(cpu::rounded<P>(weight));
    if (p != cpu::PrefillKeyOuterSteps::probability<P>(weight)) defect_ran();
    return p;
  }
};

}  // namespace

constinit const attest_kernel fp8_p_underflows =
    cpu::prefill_key_outer<E4m3Throughout, Fp8PUnderflows>("planted/fp8_p_underflows",
                                                           "small probabilities underflow in e4m3");

}  // namespace attest::kernels::planted
