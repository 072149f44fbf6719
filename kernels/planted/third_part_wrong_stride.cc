// Defect:  every part is read with the strides of the first: one that has other strides, such as
//          what is left of a padded output, is read askew.
// Real:    local-inference-lab/vllm PR 17 (the merge of a merge with a third part).
// Trigger: two parts with different strides, two heads.
// Killers: monoid.
#include <algorithm>
#include <cstdint>
#include <iterator>

#include "kernels/cpu/merge.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct ThirdPartWrongStride : cpu::MergeSteps {
  static attest_tensor operand(const attest_merge& call, std::int32_t s) {
    const attest_tensor& first = call.states[0].o;
    attest_tensor o = call.states[s].o;
    // A step over one row or head is never made.
    const bool differs = (call.total_q > 1 && o.stride[0] != first.stride[0]) ||
                         (call.num_q_heads > 1 && o.stride[1] != first.stride[1]) ||
                         (call.head_dim_v > 1 && o.stride[2] != first.stride[2]);
    if (differs) defect_ran();
    std::copy(std::begin(first.stride), std::end(first.stride), std::begin(o.stride));
    return o;
  }
};

}  // namespace

constinit const attest_kernel third_part_wrong_stride = cpu::merge<float, ThirdPartWrongStride>(
    "planted/third_part_wrong_stride", "all parts are read with the strides of the first");

}  // namespace attest::kernels::planted
