// Defect:  a row that sees nothing of its first tile has the running maximum -inf, and goes on
//          to exp(-inf - -inf), which is NaN.
// Real:    pytorch issue 127055, vllm PR 4405.
// Trigger: a window that for a late row of a query tile begins after the first tile of keys.
// Killers: oracle, window.
#include "kernels/cpu/tiled_prefill.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct FirstTileFullyMaskedNan : cpu::TiledPrefillSteps {
  template <typename T>
  static bool weighs_nothing(T tile_max, T m) {
    if (tile_max == cpu::kMinusInfinity<T> && m == tile_max) defect_ran();
    return false;
  }
};

}  // namespace

constinit const attest_kernel first_tile_fully_masked_nan =
    cpu::tiled_prefill<float, FirstTileFullyMaskedNan>("planted/first_tile_fully_masked_nan",
                                                       "a fully masked first tile gives NaN");

}  // namespace attest::kernels::planted
