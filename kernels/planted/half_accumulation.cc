// Defect:  sums of P V are kept in f16, though f32 is declared.
// Real:    ik_llama.cpp PR 1196.
// Trigger: two keys whose weighted values do not add up exactly in f16.
// Killers: oracle, algebra.
#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct HalfAccumulation : cpu::PagedDecodeSteps {
  template <typename C>
  static C accumulate(C sum, C product) {
    const C half = cpu::widened<C>(cpu::rounded<cpu::F16>(sum + product));
    if (half != sum + product) defect_ran();
    return half;
  }
};

}  // namespace

constinit const attest_kernel half_accumulation = cpu::paged_decode<cpu::F16, HalfAccumulation>(
    "planted/half_accumulation", "sums over the keys are kept in f16");

}  // namespace attest::kernels::planted
