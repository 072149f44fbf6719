// Defect:  the packed custom mask of one call stays in force for the next, which has none.
// Real:    flashinfer PR 1028.
// Trigger: a call with a custom mask, then one without, on the same kernel object.
// Killers: determinism (history).
#include "kernels/cpu/tiled_prefill.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct MaskSurvivesCall : cpu::TiledPrefillSteps {
  static void set_mask(const attest_attend& call, cpu::PackedMask& mask) {
    if (call.custom_mask.data != nullptr) {
      cpu::pack_mask(call, mask);
    } else if (mask.used) {
      defect_ran();
    }
  }
};

}  // namespace

constinit const attest_kernel mask_survives_call = cpu::tiled_prefill<float, MaskSurvivesCall>(
    "planted/mask_survives_call", "a custom mask is used by later calls that have none");

}  // namespace attest::kernels::planted
