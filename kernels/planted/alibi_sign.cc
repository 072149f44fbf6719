// Defect:  the ALiBi bias is added: it grows with the distance.
// Real:    attention-gym PR 86.
// Trigger: ALiBi, two keys.
// Killers: oracle.
#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class AddedBias : public cpu::Scorer<T> {
 public:
  template <typename... Arguments>
  explicit AddedBias(const Arguments&... arguments) : cpu::Scorer<T>(arguments...) {
    if (this->slope_ != 0) defect_ran();
    this->slope_ = -this->slope_;
  }
};

struct AlibiSign : cpu::PrefillQueryOuterSteps {
  template <typename T>
  using RowScorer = AddedBias<T>;
};

}  // namespace

constinit const attest_kernel alibi_sign = cpu::prefill_query_outer<float, AlibiSign>(
    "planted/alibi_sign", "the ALiBi bias grows with the distance");

}  // namespace attest::kernels::planted
