// Defect:  softcap is accepted and never applied.
// Real:    sgl-kernel-xpu PR 491.
// Trigger: softcap > 0, two keys.
// Killers: oracle.
#include <cstdint>

#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

template <typename T>
class Uncapped : public cpu::Scorer<T> {
 public:
  using cpu::Scorer<T>::Scorer;

  typename cpu::Scorer<T>::C operator()(cpu::Lanes<const cpu::Cache<T>> k,
                                        std::int64_t key_position) const {
    if (this->softcap_ > 0) defect_ran();
    return this->biased(this->scaled_dot(k), key_position);
  }
};

struct SoftcapIgnored : cpu::PrefillQueryOuterSteps {
  template <typename T>
  using RowScorer = Uncapped<T>;
};

}  // namespace

constinit const attest_kernel softcap_ignored = cpu::prefill_query_outer<float, SoftcapIgnored>(
    "planted/softcap_ignored", "softcap is accepted and never applied");

}  // namespace attest::kernels::planted
