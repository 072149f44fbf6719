// Defect:  the softmax scale is that of the padded head_dim, the next multiple of 16.
// Real:    ipex-llm PR 12619, ollama PR 13893.
// Trigger: a head_dim that is no multiple of 16, such as 40, and two keys.
// Killers: oracle.
#include <cmath>
#include <cstdint>

#include "kernels/cpu/prefill_query_outer.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

struct ScaleFromPaddedDim : cpu::PrefillQueryOuterSteps {
  template <typename C>
  static C score_scale(const attest_attend& call, std::int64_t b, std::int64_t head) {
    const std::int64_t padded = (call.head_dim_qk + 15) / 16 * 16;
    if (padded != call.head_dim_qk) defect_ran();
    const C ratio = static_cast<C>(call.head_dim_qk) / static_cast<C>(padded);
    return cpu::PrefillQueryOuterSteps::score_scale<C>(call, b, head) * std::sqrt(ratio);
  }
};

}  // namespace

constinit const attest_kernel scale_from_padded_dim =
    cpu::prefill_query_outer<float, ScaleFromPaddedDim>("planted/scale_from_padded_dim",
                                                        "the scale is that of the padded head_dim");

}  // namespace attest::kernels::planted
