// Defect:  the exponent of every ALiBi slope is one too low: slopes are halved.
// Real:    aprender PR 2143.
// Trigger: ALiBi, two keys.
// Killers: oracle.
#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class HalvedSlope : public cpu::Scorer<T> {
 public:
  template <typename... Arguments>
  explicit HalvedSlope(const Arguments&... arguments) : cpu::Scorer<T>(arguments...) {
    if (this->slope_ != 0) defect_ran();
    this->slope_ /= 2;
  }
};

struct AlibiSlopeExponent : cpu::PagedDecodeSteps {
  template <typename T>
  using RowScorer = HalvedSlope<T>;
};

}  // namespace

constinit const attest_kernel alibi_slope_exponent = cpu::paged_decode<float, AlibiSlopeExponent>(
    "planted/alibi_slope_exponent", "ALiBi slopes with an exponent that is off by one");

}  // namespace attest::kernels::planted
