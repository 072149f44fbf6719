// Defect:  keys are multiplied with their scale, values are not.
// Real:    sglang PR 34765.
// Trigger: v_scale != 1.
// Killers: oracle, features (scales folded into the tensors).
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

using BfloatOverE4m3 = cpu::Mixed<cpu::BF16, cpu::E4M3, cpu::BF16>;

struct VScaleDropped : cpu::PagedDecodeSteps {
  static float v_scale(const attest_attend& call, std::int64_t b, std::int64_t kv_head) {
    if (cpu::PagedDecodeSteps::v_scale(call, b, kv_head) != 1) defect_ran();
    return 1;
  }
};

}  // namespace

constinit const attest_kernel v_scale_dropped = cpu::paged_decode<BfloatOverE4m3, VScaleDropped>(
    "planted/v_scale_dropped", "values of the e4m3 cache are used without their scale");

}  // namespace attest::kernels::planted
