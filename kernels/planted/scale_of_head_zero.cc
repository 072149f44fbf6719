// Defect:  scales per head are read as one number: every head gets that of the first.
// Real:    sgl-kernel-xpu PR 252.
// Trigger: two KV heads with two scales.
// Killers: oracle, heads, features (scales folded into the tensors).
#include <cstdint>

#include "kernels/cpu/paged_decode.h"
#include "kernels/planted/defect.h"
#include "kernels/planted/kernels.h"

namespace attest::kernels::planted {
namespace {

using HalfOverE5m2 = cpu::Mixed<cpu::F16, cpu::E5M2, cpu::F16>;
using Correct = cpu::PagedDecodeSteps;

struct ScaleOfHeadZero : Correct {
  template <typename C>
  static C score_scale(const attest_attend& call, std::int64_t b, std::int64_t head) {
    const C scale = Correct::score_scale<C>(call, 0, 0);
    if (scale != Correct::score_scale<C>(call, b, head)) defect_ran();
    return scale;
  }

  static float v_scale(const attest_attend& call, std::int64_t b, std::int64_t kv_head) {
    const float scale = Correct::v_scale(call, 0, 0);
    if (scale != Correct::v_scale(call, b, kv_head)) defect_ran();
    return scale;
  }
};

}  // namespace

constinit const attest_kernel scale_of_head_zero = cpu::paged_decode<HalfOverE5m2, ScaleOfHeadZero>(
    "planted/scale_of_head_zero", "every head is read with the scales of the first");

}  // namespace attest::kernels::planted
