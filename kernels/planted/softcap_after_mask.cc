// Defect:  masked scores are -inf before the softcap, which turns them into -softcap: masked
//          keys get weight.
// Real:    flashinfer PR 350, onnx issue 7865.
// Trigger: softcap = 1, causal, two keys.
// Killers: causality (finite poison), oracle.
#include <cstdint>

#include "kernels/cpu/dense.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct SoftcapAfterMask : cpu::DenseSteps {
  template <typename T>
  static T masked_score(const cpu::Scorer<T>& scorer, T scaled_dot, std::int64_t key_position,
                        bool visible) {
    if (!visible) defect_ran();
    return scorer.modified(visible ? scaled_dot : cpu::kMinusInfinity<T>, key_position);
  }
};

}  // namespace

constinit const attest_kernel softcap_after_mask = cpu::dense<float, SoftcapAfterMask>(
    "planted/softcap_after_mask", "the mask is applied before the softcap");

}  // namespace attest::kernels::planted
