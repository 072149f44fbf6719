// Defect:  only the causal path masks the last tile of keys: without a causal mask the rows of
//          the tile past kv_len take part, with whatever an earlier tile left in them.
// Real:    flashinfer issue 3716.
// Trigger: no causal mask, kv_len % 8 != 0.
// Killers: algebra (q = 0), oracle.
#include "kernels/cpu/tiled_prefill.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct NoncausalSkipsBoundaryMask : cpu::TiledPrefillSteps {
  static bool masks_end(const attest_attend& call) {
    if (call.causal == 0) defect_ran();
    return call.causal != 0;
  }
};

}  // namespace

constinit const attest_kernel noncausal_skips_boundary_mask =
    cpu::tiled_prefill<float, NoncausalSkipsBoundaryMask>(
        "planted/noncausal_skips_boundary_mask", "the last tile is masked only when causal");

}  // namespace attest::kernels::planted
