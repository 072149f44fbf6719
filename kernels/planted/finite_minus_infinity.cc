// Defect:  -5e4 stands for -inf as the initial running maximum: lower scores all vanish.
// Real:    flashinfer issue 4267.
// Trigger: every score below -5e4.
// Killers: oracle (low scores).
#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct FiniteMinusInfinity : cpu::PagedDecodeSteps {
  template <typename T>
  static T initial_max() {
    return T{-5e4};
  }

  // The stand-in stayed the maximum, or took all weight.
  template <typename T>
  static T lse(T m, T l) {
    if (m == initial_max<T>()) defect_ran();
    return cpu::PagedDecodeSteps::lse(m, l);
  }
  template <typename T>
  static T empty_lse() {
    defect_ran();
    return cpu::PagedDecodeSteps::empty_lse<T>();
  }
};

}  // namespace

constinit const attest_kernel finite_minus_infinity = cpu::paged_decode<float, FiniteMinusInfinity>(
    "planted/finite_minus_infinity", "-5e4 stands for minus infinity");

}  // namespace attest::kernels::planted
