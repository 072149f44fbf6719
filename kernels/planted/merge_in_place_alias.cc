// Defect:  the first block of lanes writes the merged lse. In place that is the lse of a part,
//          which the blocks of further lanes read after it.
// Real:    local-inference-lab/vllm PR 468.
// Trigger: in place, head_dim_v > 16.
// Killers: monoid (in place).
#include "kernels/cpu/merge.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct MergeInPlaceAlias : cpu::MergeSteps {
  static bool writes_lse(bool first_block, bool last_block) {
    if (!last_block) defect_ran();
    return first_block;
  }
};

}  // namespace

constinit const attest_kernel merge_in_place_alias = cpu::merge<float, MergeInPlaceAlias>(
    "planted/merge_in_place_alias", "lse is overwritten in place before all lanes are merged");

}  // namespace attest::kernels::planted
